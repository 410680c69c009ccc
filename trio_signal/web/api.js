/**
 * api.js: the HTTP calls of the page, and the token they give.
 *
 * The token is the only thing kept: localStorage `trio-signal.token`, shared by all tabs. No password is stored.
 */

import { SignalError } from './signal-client.js';

const TOKEN_KEY = 'trio-signal.token';
const TIMEOUT_MS = 10_000;

/** Both answer `{token, expiresAt, user}`; keeping the token is the caller's choice. @throws {SignalError} */
export function register(account) { return post('/api/auth/register', account); }
export function login(account) { return post('/api/auth/login', account); }

async function post(path, body) {
  let response;
  let answer;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = await response.json();
  } catch (error) {
    throw new SignalError({ code: 'NETWORK', message: error.message, retryable: true });
  }
  if (!response.ok) throw new SignalError(answer.error ?? { code: 'INTERNAL_ERROR', message: response.statusText, retryable: false });
  return answer;
}

export function keepToken(token) { localStorage.setItem(TOKEN_KEY, token); }

export function storedToken() { return localStorage.getItem(TOKEN_KEY); }

export function forgetToken() { localStorage.removeItem(TOKEN_KEY); }

/** Another tab logged in or out. @param {(token: string | null) => void} listener */
export function onTokenChange(listener) {
  addEventListener('storage', ({ key, newValue }) => { if (key === TOKEN_KEY || key === null) listener(newValue); });
}

/** What a token says of itself; {} for what is no JWT. Proves nothing: that is the server's task. */
export function claimsOf(token) {
  try {
    const payload = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return { ...claims, userId: claims.userId ?? claims.sub };
  } catch {
    return {};
  }
}

export function isFresh(token) { return Boolean(token) && claimsOf(token).exp > Date.now() / 1_000; }
