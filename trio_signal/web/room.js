/** room.js: the call: media, mesh, tiles, chat and the controls below them. */

import { Chat } from './chat.js';
import { byId, notify, unescaped } from './dom.js';
import { errorText, label, say } from './i18n.js';
import { log, short } from './log.js';
import { LocalMedia } from './media.js';
import { Mesh } from './mesh.js';
import { Tiles } from './tiles.js';

const MODERATING_ROLES = new Set(['admin', 'moderator']);
/** Told already, or no news: the person is still, or again, here. */
const SILENT_REASONS = new Set(['reset', 'returned', 'server-shutdown', 'node-lost']);

export class Room {
  #client;
  #mesh;
  #tiles;
  #chat;
  #media;
  #ending = new AbortController(); // takes the listeners of the controls with it
  #mayModerate = false;

  /** @param {import('./signal-client.js').SignalClient} client  @param {{onLeave: () => void}} callbacks */
  constructor(client, { onLeave }) {
    this.#client = client;
    this.#tiles = new Tiles({
      onKick: (peer) => this.#kick(peer),
      onBlocked: () => { byId('sound-hint').hidden = false; },
    });
    this.#mesh = new Mesh(client, {
      onPeer: (peer) => this.#arrived(peer),
      onTrack: (peer, track) => this.#tiles.addTrack(peer, track),
      onPeerGone: (peer, reason) => this.#gone(peer, reason),
      onPeerAway: (peer, reason) => this.#away(peer, reason),
      onPeerUpdated: (peer) => this.#tiles.update(peer),
      onPeerState: (peer, state) => {
        log('here', `peer ${state}`, `${peer.member.username} ${short(peer.peerId)}`, { bad: state === 'failed' });
        this.#tiles.showConnection(peer, state);
      },
      onError: (peer, error) => log('here', 'negotiation', `${short(peer.peerId)} ${error.message}`, { bad: true }),
    });
    this.#chat = new Chat(client, (peerId) => this.#mesh.peers.get(peerId)?.member);
    this.#media = new LocalMedia((kind, track) => {
      this.#mesh.setTrack(kind, track);
      this.#showMedia();
    });
    this.#listen(onLeave);
  }

  /** Show a room just entered and start sending. @param {object} reply  of `join-room` or `create-room`. */
  enter(reply) {
    byId('room-view').dataset.room = reply.roomId;
    byId('room-title').textContent = unescaped(reply.name);
    this.#admit(reply);
    this.#showMedia();
    this.#media.open().then(() => this.#mediaChanged());
  }

  /** The connection is gone: media goes on from browser to browser. */
  suspend() {
    say(byId('room-banner'), 'room.rejoining');
    byId('room-banner').hidden = false;
  }

  /** Joined again, as a new peer among new peers. */
  resume(reply) {
    this.#admit(reply);
    this.#tellState();
    this.#chat.note('chat.rejoined');
  }

  close() {
    this.#ending.abort();
    this.#mesh.close();
    this.#tiles.close();
    this.#chat.close();
    this.#media.close();
    byId('local-video').srcObject = null;
    for (const id of ['room-banner', 'media-hint', 'sound-hint']) byId(id).hidden = true;
    byId('room-view').classList.remove('panel-open');
    if (byId('close-dialog').open) byId('close-dialog').close('no');
    delete byId('room-view').dataset.room;
  }

  #admit(reply) {
    const { userId, username, role } = this.#client.welcome;
    const ownerId = reply.ownerId ?? userId; // the reply to create-room names none: it is us
    this.#mayModerate = String(ownerId) === String(userId) || MODERATING_ROLES.has(role);
    byId('close-room').hidden = !this.#mayModerate;
    byId('room-banner').hidden = true;
    this.#tiles.showSelf({ userId, username }, this.#media.stream);
    this.#mesh.enter(reply);
    this.#count();
  }

  #listen(onLeave) {
    const { signal } = this.#ending;
    const onClick = (id, act) => byId(id).addEventListener('click', act, { signal });
    onClick('toggle-mic', () => this.#toggle('audio'));
    onClick('toggle-cam', () => this.#toggle('video'));
    onClick('media-retry', () => this.#media.open().then(() => this.#mediaChanged()));
    onClick('play-sound', () => { byId('sound-hint').hidden = true; this.#tiles.playAll(); });
    onClick('leave', onLeave);
    onClick('copy-link', () => copyLink());
    onClick('close-room', () => byId('close-dialog').showModal());
    onClick('toggle-panel', () => togglePanel());
    byId('close-dialog').addEventListener('close', ({ target }) => {
      if (target.returnValue === 'yes') this.#closeForAll();
      target.returnValue = 'no';
    }, { signal });
  }

  #arrived(peer) {
    this.#tiles.add(peer, { mayKick: this.#mayModerate });
    if (!peer.member.polite) this.#chat.note('chat.joined', { name: peer.member.username }); // we were here first
    this.#count();
  }

  #gone(peer, reason) {
    this.#tiles.remove(peer.peerId);
    if (!SILENT_REASONS.has(reason)) this.#chat.note(`chat.left.${reason}`, { name: peer.member.username });
    this.#count();
  }

  #away(peer, reason) {
    this.#tiles.showConnection(peer, 'disconnected');
    this.#chat.note(`chat.left.${reason}`, { name: peer.member.username });
    this.#count();
  }

  #count() {
    const count = this.#mesh.peers.size + 1;
    byId('alone-hint').hidden = count > 1;
    say(byId('member-count'), count === 1 ? 'room.members.one' : 'room.members.other', { count });
  }

  async #toggle(kind) {
    const button = byId(kind === 'audio' ? 'toggle-mic' : 'toggle-cam');
    button.disabled = true;
    await this.#media.toggle(kind);
    button.disabled = false;
    this.#mediaChanged();
    button.focus();
  }

  #mediaChanged() {
    if (this.#ending.signal.aborted) return;
    const { problem } = this.#media;
    byId('media-hint').hidden = !problem;
    if (problem) say(byId('media-hint-text'), problem);
    this.#showMedia();
    this.#tellState();
  }

  #showMedia() {
    const { audio, video } = this.#media.state;
    const mic = byId('toggle-mic');
    const cam = byId('toggle-cam');
    mic.setAttribute('aria-pressed', String(audio));
    label(mic, audio ? 'room.mic.on' : 'room.mic.off');
    cam.setAttribute('aria-pressed', String(video));
    label(cam, video ? 'room.cam.on' : 'room.cam.off');
    this.#tiles.updateSelf({ audio, video });
  }

  // Lost with the connection: resume() says it again.
  #tellState() {
    if (this.#client.connected) this.#client.emit('set-state', { state: this.#media.state }, showFailure);
  }

  #kick(peer) {
    this.#client.emit('kick', { peerId: peer.peerId }, (reply) => {
      if (reply.success) notify('room.kicked.done', { name: peer.member.username });
      else showFailure(reply);
    });
  }

  #closeForAll() {
    this.#client.emit('close-room', showFailure);
  }
}

function showFailure({ success, error }) {
  if (!success) notify(...errorText(error), { error: true });
}

async function copyLink() {
  const link = location.href;
  try {
    await navigator.clipboard.writeText(link);
    notify('room.copied');
  } catch { // no permission, or not a secure page
    notify('room.copy.failed', { link }, { sticky: true });
  }
}

function togglePanel() {
  const open = byId('room-view').classList.toggle('panel-open');
  byId('toggle-panel').setAttribute('aria-expanded', String(open));
  byId('toggle-panel').classList.remove('has-news');
  if (!open) return;
  for (const id of ['chat-log', 'event-log']) byId(id).scrollTop = byId(id).scrollHeight; // filled while hidden
  byId('chat-input').focus();
}
