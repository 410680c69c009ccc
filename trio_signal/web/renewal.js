/**
 * renewal.js: a token about to expire. The page keeps no password, so only the user can renew it: a notice says so,
 * and a dialog takes the password without leaving the call.
 */

import { claimsOf, keepToken, login, storedToken } from './api.js';
import { byId, notify } from './dom.js';
import { currentLanguage, errorText, say } from './i18n.js';

let forgetNotice = () => {};

/** Wire the dialog once. @param {(token: string) => boolean} renew  puts a new token to use. */
export function setUpRenewal(renew) {
  byId('renew-cancel').addEventListener('click', () => byId('renew-dialog').close());
  byId('renew-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    byId('renew').disabled = true;
    const complaint = await tryToRenew(renew);
    byId('renew').disabled = false;
    byId('renew-error').hidden = !complaint;
    if (complaint) say(byId('renew-error'), ...complaint);
  });
}

/** Say when the sign-in ends, and offer to log in again. @param {number} expiresAt Unix seconds */
export function askToRenew(expiresAt, email = '') {
  const time = () => new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'short' }).format(expiresAt * 1_000);
  const open = () => {
    byId('renew-email').value ||= email;
    byId('renew-error').hidden = true;
    byId('renew-dialog').showModal();
  };
  forgetNotice();
  forgetNotice = notify('notice.expiring', { time }, { error: true, sticky: true, action: ['renew.open', open] });
}

export function closeRenewal() {
  forgetNotice();
  byId('renew-password').value = '';
  byId('renew-dialog').close();
}

/** @returns {Promise<[string, object?] | null>} what is wrong, for `say`. */
async function tryToRenew(renew) {
  try {
    const account = { email: byId('renew-email').value.trim(), password: byId('renew-password').value };
    const { token } = await login(account);
    if (String(claimsOf(token).userId) !== String(claimsOf(storedToken()).userId)) return ['renew.other'];
    keepToken(token);
    renew(token);
    return null;
  } catch (error) {
    if (!error.data) throw error;
    return errorText(error.data, 'login');
  }
}
