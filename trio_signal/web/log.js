/**
 * log.js: the visible event log: what the page and the server say to each other, without tokens, SDP or candidates.
 */

import { byId, make } from './dom.js';
import { currentLanguage } from './i18n.js';

const MAX_ENTRIES = 300;
const ARROWS = { in: '←', out: '→', here: '·' };

let last = { key: null, node: null, times: 0 };

/** Add a line; the same one again only counts up. @param {'in' | 'out' | 'here'} direction */
export function log(direction, type, detail = '', { bad = false } = {}) {
  const list = byId('event-log');
  const key = `${direction} ${type} ${detail}`;
  if (last.key === key && last.node?.isConnected) {
    last.times += 1;
    last.node.querySelector('.log-times').textContent = `×${last.times}`;
    return;
  }
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
  const time = new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'medium', hour12: false }).format(new Date());
  const node = make('li', { className: `log-entry log-${direction}${bad ? ' log-bad' : ''}` },
    make('time', { textContent: time }), ' ',
    make('span', { className: 'log-arrow', textContent: ARROWS[direction], ariaHidden: 'true' }), ' ',
    make('b', { textContent: type }), ' ',
    make('span', { className: 'log-detail', textContent: detail }), ' ',
    make('span', { className: 'log-times' }));
  node.dataset.event = type;
  last = { key, node, times: 1 };
  list.append(node);
  while (list.children.length > MAX_ENTRIES) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

/** Write down everything a client sends, receives and lives through. */
export function logClient(client) {
  client.onAny((type, message) => log('in', type, summary(type, message), { bad: type === 'error' }));
  client.onAnyOutgoing((type, body) => log('out', type, summary(type, body)));
  client.on('connect', () => log('here', 'connect', short(client.id)));
  client.on('connect_error', ({ data, message }) => {
    log('here', 'connect_error', `${data.code}${data.closeCode ? ` (${data.closeCode})` : ''}: ${message}`, { bad: true });
  });
  client.on('disconnect', (reason, { code, name }) => log('here', 'disconnect', `${reason} (${code} ${name})`, { bad: true }));
  client.on('reconnect_scheduled', ({ attempt, delayMs }) => log('here', 'reconnect_scheduled', `#${attempt} ${(delayMs / 1_000).toFixed(1)} s`));
  client.on('reconnect_attempt', (attempt) => log('here', 'reconnect_attempt', `#${attempt}`));
}

/** A peerId in a form people can compare. */
export function short(peerId) {
  return peerId ? `${String(peerId).slice(0, 8)}…` : '';
}

function summary(type, message) {
  const party = message.from ? `${short(message.from)} ` : message.to ? `${short(message.to)} ` : '';
  switch (type) {
    case 'error': return `${message.request ?? ''} ${message.error?.code}: ${message.error?.message}`;
    case 'user-joined': return `${message.username} ${short(message.peerId)}`;
    case 'user-left': return `${short(message.peerId)} ${message.reason}`;
    case 'user-updated': return `${short(message.peerId)} ${JSON.stringify(message.state)}`;
    case 'set-state': return JSON.stringify(message.state);
    case 'server-shutdown': return `${message.reconnectAfterMs} ms, ${message.reason ?? ''}`;
    case 'create-room': return message.name ?? '';
    case 'join-room': case 'close-room': case 'room-closed': return message.roomId ?? '';
    case 'kick': return short(message.peerId);
    case 'welcome': return `${message.nodeId ?? ''}`;
    default: return party.trim();
  }
}
