/** lobby.js: the rooms that are open, and a new one. */

import { byId, hueOf, initialOf, make, notify, unescaped } from './dom.js';
import { errorText, say } from './i18n.js';

const PAGE = 30;
const REFRESH_MS = 10_000;
const LAST_ROOM_KEY = 'trio-signal.last-room';

export class Lobby {
  #client = null;
  #pages = 1;
  #timer;
  #gone = null;

  /**
   * @param {{onJoin: (roomId: string) => void, onCreate: Attempt, onReopen: Attempt}} callbacks
   * @typedef {(request: object) => Promise<object | null>} Attempt  resolves to the error of a failed attempt.
   */
  constructor({ onJoin, onCreate, onReopen }) {
    byId('room-list').addEventListener('click', ({ target }) => {
      const item = target.closest('[data-join]')?.closest('[data-room-id]');
      if (item) onJoin(item.dataset.roomId);
    });
    byId('refresh-rooms').addEventListener('click', () => this.refresh());
    byId('more-rooms').addEventListener('click', () => { this.#pages += 1; this.refresh(); });
    byId('reopen-room').addEventListener('click', async () => {
      const error = await onReopen(this.#gone);
      if (error) notify(...errorText(error), { error: true });
    });
    byId('create-form').addEventListener('submit', async (event) => {
      event.preventDefault();
      await this.#create(onCreate);
    });
  }

  open(client) {
    this.#client = client;
    this.#pages = 1;
    byId('create-error').hidden = true;
    this.refresh();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => { if (!document.hidden) this.refresh(); }, REFRESH_MS);
  }

  close() {
    clearInterval(this.#timer);
    this.#client = null;
    byId('room-gone').hidden = true;
  }

  /** Offer to open again a room whose link leads nowhere (any more). */
  showGone(roomId) {
    const known = lastRoom();
    this.#gone = known?.roomId === roomId ? known : { roomId, name: roomId.slice(0, 50) };
    say(byId('room-gone-text'), 'lobby.gone', { room: this.#gone.name });
    byId('room-gone').hidden = false;
  }

  /** Nothing to show and nothing under way: only the user can go on. */
  showOffline() {
    this.#render([], false, 'lobby.offline');
  }

  async refresh() {
    const client = this.#client;
    if (!client?.connected) return;
    const rooms = [];
    let cursor;
    for (let page = 0; page < this.#pages; page += 1) {
      const reply = await client.emitWithAck('list-rooms', { limit: PAGE, cursor });
      if (this.#client !== client) return;
      if (!reply.success) {
        if (reply.error.code !== 'DISCONNECTED') notify(...errorText(reply.error), { error: true });
        return;
      }
      rooms.push(...reply.rooms);
      ({ cursor } = reply);
      if (!cursor) break;
    }
    this.#render(rooms, Boolean(cursor));
  }

  #render(rooms, more, emptyKey = 'lobby.empty') {
    const list = byId('room-list');
    const focused = document.activeElement?.closest?.('[data-room-id]')?.dataset.roomId;
    list.replaceChildren(...rooms.map(roomItem));
    byId('room-empty').hidden = rooms.length > 0;
    say(byId('room-empty-text'), emptyKey);
    say(byId('room-empty-hint'), `${emptyKey}.hint`);
    byId('more-rooms').hidden = !more;
    if (focused) list.querySelector(`[data-room-id="${CSS.escape(focused)}"] [data-join]`)?.focus();
  }

  async #create(onCreate) {
    const place = byId('create-error');
    const name = byId('room-name').value.trim();
    const maxUsers = byId('max-users').valueAsNumber;
    place.hidden = name.length >= 2;
    if (name.length < 2) {
      say(place, 'lobby.need.name');
      byId('room-name').focus();
      return;
    }
    const button = byId('create-room');
    button.disabled = true;
    const error = await onCreate({ name, maxUsers: Number.isNaN(maxUsers) ? undefined : maxUsers });
    button.disabled = false;
    place.hidden = !error;
    if (error) say(place, ...errorText(error));
    else byId('room-name').value = '';
  }
}

/** Kept for the tab, so that a room that ended with a reload can be opened again under its name. */
export function rememberRoom({ roomId, name, maxUsers }) {
  sessionStorage.setItem(LAST_ROOM_KEY, JSON.stringify({ roomId, name: unescaped(name), maxUsers }));
}

/** What `create-room` needs to open the room of this tab again. */
export function lastRoom() {
  return JSON.parse(sessionStorage.getItem(LAST_ROOM_KEY) ?? 'null');
}

function roomItem({ roomId, name, ownerId, ownerName, users, maxUsers }) {
  const avatar = make('span', { className: 'avatar avatar-small', textContent: initialOf(unescaped(name)), ariaHidden: 'true' });
  avatar.style.setProperty('--hue', hueOf(roomId));
  const owner = make('small', { className: 'muted' });
  say(owner, 'lobby.by', { owner: ownerName ?? ownerId });
  const count = make('span', { className: 'room-users' });
  say(count, 'lobby.users', { users, max: maxUsers });
  const full = make('span', { className: 'badge' });
  say(full, 'lobby.full');
  full.hidden = users < maxUsers;
  const join = make('button', { type: 'button', className: 'small' });
  join.dataset.join = '';
  say(join, 'lobby.join');
  const title = make('strong', { textContent: unescaped(name), id: `room-${roomId}` });
  join.setAttribute('aria-describedby', title.id);
  const item = make('li', { className: 'room-item' }, avatar, make('div', { className: 'room-what' }, title, owner), full, count, join);
  item.dataset.roomId = roomId;
  return item;
}
