/** login.js: the view where one logs in or makes an account. */

import { keepToken, login, register } from './api.js';
import { byId } from './dom.js';
import { errorText, say } from './i18n.js';

const MIN_PASSWORD = 8;

/** Wire the form once. @param {() => void} onEntered  called with the token stored. */
export function setUpLogin(onEntered) {
  const enter = (act, account, button) => attempt(async () => {
    keepToken((await act(account)).token);
    onEntered();
  }, button);
  byId('login-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const { email, password } = fields();
    if (!email) complain('login.need.email', 'email');
    else if (!password) complain('login.need.password', 'password');
    else enter(login, { email, password }, byId('login'));
  });
  byId('register').addEventListener('click', () => {
    const { username, email, password } = fields();
    if (!email) complain('login.need.email', 'email');
    else if (password.length < MIN_PASSWORD) complain('login.need.password', 'password');
    else if (!username) complain('login.need.username', 'username');
    else enter(register, { username, email, password }, byId('register'));
  });
}

/** @param {{notice?: string, invited: boolean}} options  `notice`: a key of i18n.js saying why one is here. */
export function prepareLogin({ notice, invited }) {
  say(byId('login-hint'), invited ? 'login.invited' : 'login.hint');
  const place = byId('login-notice');
  place.hidden = !notice;
  if (notice) say(place, notice);
  byId('login-error').hidden = true;
  byId('password').value = '';
}

function fields() {
  return {
    username: byId('username').value.trim(),
    email: byId('email').value.trim(),
    password: byId('password').value,
  };
}

async function attempt(act, button) {
  byId('login-error').hidden = true;
  byId('login-notice').hidden = true;
  const buttons = [byId('login'), byId('register')];
  for (const each of buttons) each.disabled = true;
  button.setAttribute('aria-busy', 'true');
  try {
    await act();
  } catch (error) {
    if (!error.data) throw error;
    complain(...errorText(error.data, 'login'));
  } finally {
    for (const each of buttons) each.disabled = false;
    button.removeAttribute('aria-busy');
  }
}

function complain(key, paramsOrField) {
  const place = byId('login-error');
  place.hidden = false;
  say(place, key, typeof paramsOrField === 'string' ? {} : paramsOrField);
  for (const id of ['email', 'password', 'username']) byId(id).setAttribute('aria-invalid', String(id === paramsOrField));
  if (typeof paramsOrField === 'string') byId(paramsOrField).focus();
}
