/** tiles.js: the video tiles of a call, and the grid that makes each as large as the room for them allows. */

import { byId, hueOf, initialOf } from './dom.js';
import { label, say } from './i18n.js';

const GAP_PX = 12;
const WIDEST = 16 / 9;
const NARROWEST = 4 / 3;
const MIN_TILE_PX = 150;
const SPEAKING_LEVEL = 0.02;
const SPEAKING_POLL_MS = 250;

export class Tiles {
  #grid = byId('tiles');
  #tiles = new Map();
  #observer = new ResizeObserver(() => this.#layout());
  #poll;
  #onKick;
  #onBlocked;

  /** @param {{onKick: (peer) => void, onBlocked: () => void}} callbacks  `onBlocked`: the browser holds back the sound. */
  constructor({ onKick, onBlocked }) {
    this.#onKick = onKick;
    this.#onBlocked = onBlocked;
    this.#observer.observe(this.#grid);
    this.#poll = setInterval(() => this.#showSpeakers(), SPEAKING_POLL_MS);
  }

  close() {
    clearInterval(this.#poll);
    this.#observer.disconnect();
    for (const peerId of [...this.#tiles.keys()]) this.remove(peerId);
  }

  showSelf({ userId, username }, stream) {
    const tile = byId('self-tile');
    const video = byId('local-video');
    if (video.srcObject !== stream) video.srcObject = stream;
    dress(tile, userId, username);
    say(tile.querySelector('.tile-name'), 'room.you', { name: username });
    this.#layout();
  }

  updateSelf(state) { applyState(byId('self-tile'), state, state.video); }

  add(peer, { mayKick }) {
    const { userId, username, state } = peer.member;
    const tile = this.#build(peer);
    dress(tile, userId, username);
    tile.querySelector('.tile-name').textContent = username;
    tile.querySelector('[data-kick]').hidden = !mayKick;
    this.#tiles.set(peer.peerId, { tile, peer, stream: new MediaStream() });
    applyState(tile, state, false);
    this.#grid.append(tile);
    this.#layout();
  }

  remove(peerId) {
    const entry = this.#tiles.get(peerId);
    if (!entry) return;
    entry.tile.querySelector('video').srcObject = null;
    entry.tile.remove();
    this.#tiles.delete(peerId);
    this.#layout();
  }

  addTrack(peer, track) {
    const entry = this.#tiles.get(peer.peerId);
    if (!entry) return;
    for (const old of entry.stream.getTracks()) if (old.kind === track.kind) entry.stream.removeTrack(old);
    entry.stream.addTrack(track);
    const video = entry.tile.querySelector('video');
    video.srcObject = entry.stream;
    play(video, this.#onBlocked);
    this.update(peer);
    this.showConnection(peer, peer.pc.connectionState);
  }

  update(peer) {
    const entry = this.#tiles.get(peer.peerId);
    if (!entry) return;
    const hasPicture = entry.stream.getVideoTracks().length > 0 && entry.tile.querySelector('video').videoWidth > 0;
    applyState(entry.tile, peer.member.state, hasPicture);
  }

  showConnection(peer, state) {
    const note = this.#tiles.get(peer.peerId)?.tile.querySelector('.tile-note');
    if (!note) return;
    note.hidden = ['connected', 'closed'].includes(state);
    say(note, ['disconnected', 'failed'].includes(state) ? 'tile.failed' : 'tile.connecting');
  }

  /** After a click the browser lets us. */
  playAll() {
    for (const { tile } of this.#tiles.values()) play(tile.querySelector('video'), this.#onBlocked);
  }

  get count() { return this.#tiles.size + 1; }

  #build(peer) {
    const tile = byId('tile-template').content.firstElementChild.cloneNode(true);
    tile.dataset.peerId = peer.peerId;
    const kick = tile.querySelector('[data-kick]');
    label(kick, 'room.kick', { name: peer.member.username });
    kick.addEventListener('click', () => this.#onKick(peer));
    tile.querySelector('video').addEventListener('resize', () => this.update(peer)); // the first picture
    return tile;
  }

  #layout() {
    const { width, height } = this.#grid.getBoundingClientRect();
    if (width === 0 || height === 0) return; // not on show yet: the observer calls again
    const size = bestSize(this.count, Math.floor(width), Math.floor(height));
    this.#grid.style.setProperty('--tile-width', `${size.width}px`);
    this.#grid.style.setProperty('--tile-height', `${size.height}px`);
  }

  #showSpeakers() {
    for (const { tile, peer } of this.#tiles.values()) {
      const receiver = peer.pc.getReceivers().find(({ track }) => track.kind === 'audio');
      const level = receiver?.getSynchronizationSources?.()[0]?.audioLevel ?? 0;
      tile.classList.toggle('tile-speaking', level > SPEAKING_LEVEL);
    }
  }
}

/** The columns that give the largest tile; its shape may vary between 4:3 and 16:9. */
function bestSize(count, width, height) {
  let best = { width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - GAP_PX * (columns - 1)) / columns;
    const cellHeight = (height - GAP_PX * (rows - 1)) / rows;
    const shape = Math.min(WIDEST, Math.max(NARROWEST, cellWidth / cellHeight));
    const tileWidth = Math.floor(Math.min(cellWidth, cellHeight * shape));
    const tile = { width: tileWidth, height: Math.floor(tileWidth / shape) };
    if (tile.width * tile.height > best.width * best.height) best = tile;
  }
  if (best.width >= MIN_TILE_PX || count === 1) return best;
  const columns = Math.max(1, Math.floor((width + GAP_PX) / (MIN_TILE_PX + GAP_PX))); // too many: scroll
  const least = Math.floor((width - GAP_PX * (columns - 1)) / columns);
  return { width: least, height: Math.floor(least / WIDEST) };
}

function dress(tile, userId, username) {
  tile.style.setProperty('--hue', hueOf(userId));
  tile.querySelector('.avatar').textContent = initialOf(username);
}

// Before a member has said anything of its state, it is taken as sending whatever arrives.
function applyState(tile, state, hasPicture) {
  tile.classList.toggle('tile-novideo', !hasPicture || state?.video === false);
  tile.querySelector('.badge-mic').hidden = state?.audio !== false;
  tile.querySelector('.badge-cam').hidden = state?.video !== false;
}

async function play(video, onBlocked) {
  try {
    await video.play();
  } catch (error) {
    if (error.name === 'NotAllowedError') onBlocked();
  }
}
