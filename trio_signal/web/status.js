/** status.js: the line in the header that says how the connection is. */

import { byId } from './dom.js';
import { say } from './i18n.js';

let countdown;

/** @param {'connecting' | 'connected' | 'waiting' | 'retrying' | 'offline'} state  @param {number} [delayMs] until the next attempt. */
export function showStatus(state, delayMs = 0) {
  clearInterval(countdown);
  byId('status').dataset.state = state;
  byId('reconnect').hidden = state !== 'offline' && state !== 'waiting';
  if (state !== 'waiting') {
    say(byId('status-text'), `status.${state}`);
    return;
  }
  const due = Date.now() + delayMs;
  const tick = () => say(byId('status-text'), 'status.waiting', { seconds: Math.max(0, Math.ceil((due - Date.now()) / 1_000)) });
  tick();
  countdown = setInterval(tick, 1_000);
}
