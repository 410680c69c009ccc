/**
 * mesh.js: a call among all members of a room, every browser connected to every other one.
 *
 * One RTCPeerConnection per member, negotiated by the W3C "perfect negotiation" pattern
 * (https://www.w3.org/TR/webrtc/#perfect-negotiation-example) with the role the server hands out as `polite`.
 * Needs a client of signal-client.js and no page.
 *
 * One thing is added to the pattern: who makes the *first* offer. Two new connections that offer at once roll one offer
 * back while its first candidates are being gathered, and Chromium's gathering then never ends (seen in 4 of 16
 * simultaneous reconnects on a busy machine; an ICE restart does not help). So the impolite peer offers at once, tracks or
 * not, and the polite one holds its own first offer back until that has come, or for FIRST_OFFER_WAIT_MS with clients that
 * do it differently. After that it is the pattern alone.
 *
 *     const mesh = new Mesh(client, { onPeer, onTrack, onPeerGone, onPeerState });
 *     const reply = await client.emitWithAck('join-room', { roomId });
 *     if (reply.success) mesh.enter(reply);           // with whatever `mesh.setTrack` has given so far, also nothing
 *     mesh.setTrack('video', cameraTrack);            // at any time: adds, replaces, or (null) stops sending
 *     mesh.leave();                                   // closes every connection; `enter` may follow
 *     mesh.close();                                   // for good: also lets go of the client
 *
 * After a reconnect join again and call `enter` again: all peers are new. Until then the old connections go on by
 * themselves, so a call survives the restart of its server; and who left with a server (`user-left`, reason
 * `server-shutdown` or `node-lost`) is kept on the line, out of `peers`, until back or really gone.
 *
 * @typedef {{peerId: string, userId: number | string, username: string, state: object | null, polite: boolean}} Member
 */

const FIRST_OFFER_WAIT_MS = 2_500;
const AWAY_REASONS = new Set(['server-shutdown', 'node-lost']);
const AWAY_MS = 60_000;
const MAX_EARLY_SIGNALS = 200;
const MAX_RETRIES = 5;
const RETRY_MS = 1_000;

export class Mesh {
  /** Present peers by peerId. @type {Map<string, MeshPeer>} */
  peers = new Map();
  /** The local tracks travel under this stream's id. */
  stream = new MediaStream();
  tracks = { audio: null, video: null };

  #client;
  #config;
  #entered = false;
  #away = new Map(); // peers whose server went down, to the timer that gives them up
  #early = []; // signals of peers not yet announced
  #handlers;

  /**
   * @param {import('./signal-client.js').SignalClient} client
   * @param {object} [options]
   * @param {RTCConfiguration} [options.config]  beside `iceServers`, which come from the server unless given here.
   * @param {(peer: MeshPeer) => void} [options.onPeer]  someone is there (before any media).
   * @param {(peer: MeshPeer, track: MediaStreamTrack, streams: readonly MediaStream[]) => void} [options.onTrack]
   * @param {(peer: MeshPeer, reason: string) => void} [options.onPeerGone]  `reason` of `user-left`; 'returned' as a new peer; 'reset' by `enter` or `leave`.
   * @param {(peer: MeshPeer, reason: string) => void} [options.onPeerAway]  left with its server; media goes on. `onPeerGone` follows.
   * @param {(peer: MeshPeer, state: RTCPeerConnectionState) => void} [options.onPeerState]
   * @param {(peer: MeshPeer, state: object) => void} [options.onPeerUpdated]  the member's presence state changed.
   * @param {(peer: MeshPeer, error: Error) => void} [options.onError]  a negotiation step failed; the next one may succeed.
   */
  constructor(client, { config = {}, ...callbacks } = {}) {
    this.#client = client;
    this.callbacks = callbacks;
    this.#config = { iceServers: client.welcome?.iceServers ?? [], ...config };
    const ownServers = config.iceServers !== undefined;
    const applyServers = ({ iceServers }) => { if (!ownServers && iceServers) this.#setIceServers(iceServers); };
    this.#handlers = {
      welcome: applyServers,
      'ice-servers': applyServers,
      'user-joined': (member) => { if (this.#entered) this.#add(member); },
      'user-left': ({ peerId, reason }) => this.#remove(peerId, reason),
      'user-updated': ({ peerId, state }) => this.#update(peerId, state),
      offer: (signal) => this.#signal(signal),
      answer: (signal) => this.#signal(signal),
      'ice-candidate': (signal) => this.#signal(signal),
    };
    for (const [type, handler] of Object.entries(this.#handlers)) client.on(type, handler);
  }

  /** Start over with the members of a successful `join-room` or `create-room` reply. */
  enter({ existingUsers = [] }) {
    this.#clear();
    this.#entered = true;
    for (const member of existingUsers) this.#add(member);
  }

  leave() {
    this.#entered = false;
    this.#early = [];
    this.#clear();
  }

  close() {
    this.leave();
    for (const [type, handler] of Object.entries(this.#handlers)) this.#client.off(type, handler);
  }

  /** What everybody is sent from now on; null sends nothing of this kind. @param {'audio' | 'video'} kind */
  setTrack(kind, /** @type {MediaStreamTrack | null} */ track) {
    this.tracks[kind] = track;
    for (const peer of this.peers.values()) peer.sendTrack(kind, track);
  }

  /** @internal Relay to one peer; what failed for a passing reason is tried again while it still makes sense. */
  send(peer, type, payload, stillWanted = () => true, triesLeft = MAX_RETRIES) {
    this.#client.emit(type, { to: peer.peerId, ...payload }, ({ success, error }) => {
      if (success || peer.closed) return;
      if (error.local || !error.retryable || triesLeft === 0) {
        this.callbacks.onError?.(peer, Object.assign(new Error(`${type}: ${error.message}`), { data: error }));
        return;
      }
      setTimeout(() => {
        if (!peer.closed && stillWanted()) this.send(peer, type, payload, stillWanted, triesLeft - 1);
      }, error.details?.retryAfterMs ?? RETRY_MS);
    });
  }

  #add(member) {
    if (this.peers.has(member.peerId)) return;
    const returned = [...this.#away.keys()].find((peer) => peer.member.userId === member.userId);
    if (returned) this.#finish(returned, 'returned');
    const peer = new MeshPeer(this, member, this.#config);
    this.peers.set(member.peerId, peer);
    this.callbacks.onPeer?.(peer);
    for (const kind of ['audio', 'video']) peer.sendTrack(kind, this.tracks[kind]);
    if (!member.polite) peer.askForTracks();
    const early = this.#early.filter(({ from }) => from === member.peerId);
    this.#early = this.#early.filter(({ from }) => from !== member.peerId);
    early.forEach((signal) => peer.receive(signal));
  }

  #remove(peerId, reason) {
    this.#early = this.#early.filter(({ from }) => from !== peerId);
    const peer = this.peers.get(peerId);
    if (!peer) return;
    this.peers.delete(peerId);
    if (!AWAY_REASONS.has(reason) || peer.pc.connectionState !== 'connected') {
      this.#finish(peer, reason);
      return;
    }
    this.#away.set(peer, setTimeout(() => this.#finish(peer, reason), AWAY_MS));
    peer.pc.addEventListener('connectionstatechange', () => this.#finish(peer, reason));
    this.callbacks.onPeerAway?.(peer, reason);
  }

  #finish(peer, reason) {
    clearTimeout(this.#away.get(peer));
    this.#away.delete(peer);
    if (peer.closed) return;
    peer.close();
    this.callbacks.onPeerGone?.(peer, reason);
  }

  #update(peerId, state) {
    const peer = this.peers.get(peerId);
    if (!peer) return;
    peer.member = { ...peer.member, state };
    this.callbacks.onPeerUpdated?.(peer, state);
  }

  #clear() {
    for (const peerId of [...this.peers.keys()]) this.#remove(peerId, 'reset');
    for (const peer of [...this.#away.keys()]) this.#finish(peer, 'reset');
  }

  #signal(signal) {
    const peer = this.peers.get(signal.from);
    if (peer) peer.receive(signal);
    else if (this.#early.length < MAX_EARLY_SIGNALS) this.#early.push(signal);
  }

  #setIceServers(iceServers) {
    this.#config = { ...this.#config, iceServers };
    for (const { pc } of this.peers.values()) pc.setConfiguration({ ...pc.getConfiguration(), iceServers });
  }
}

/** One member of the room and the connection to it. */
export class MeshPeer {
  closed = false;
  #mesh;
  #polite;
  #senders = {};
  #makingOffer = false;
  #ignoreOffer = false;
  #settingRemoteAnswer = false;
  #heldBack = { timer: null, offer: false }; // the polite peer's first offer
  #candidates = []; // came before the description they belong to

  /** @param {Mesh} mesh @param {Member} member @param {RTCConfiguration} config */
  constructor(mesh, member, config) {
    this.#mesh = mesh;
    this.#polite = member.polite;
    this.member = member;
    this.pc = new RTCPeerConnection(config);
    this.pc.onnegotiationneeded = () => {
      if (this.#heldBack.timer === null) this.#guarded(() => this.#offer());
      else this.#heldBack.offer = true;
    };
    if (member.polite) this.#heldBack.timer = setTimeout(() => this.#stopHolding(), FIRST_OFFER_WAIT_MS);
    this.pc.onicecandidate = ({ candidate }) => mesh.send(this, 'ice-candidate', { candidate: candidate?.toJSON() ?? null });
    this.pc.oniceconnectionstatechange = () => {
      if (this.pc.iceConnectionState === 'failed') this.pc.restartIce();
    };
    this.pc.onconnectionstatechange = () => mesh.callbacks.onPeerState?.(this, this.pc.connectionState);
    this.pc.ontrack = ({ track, streams }) => mesh.callbacks.onTrack?.(this, track, streams);
  }

  get peerId() { return this.member.peerId; }

  sendTrack(kind, track) {
    const sender = this.#senders[kind];
    if (sender) this.#guarded(() => sender.replaceTrack(track));
    else if (track) this.#senders[kind] = this.pc.addTrack(track, this.#mesh.stream);
  }

  /** Make the first offer worth making when there is nothing to send: `sendTrack` uses these later. */
  askForTracks() {
    for (const kind of ['audio', 'video']) {
      if (!this.#senders[kind]) this.pc.addTransceiver(kind, { direction: 'recvonly' });
    }
  }

  receive({ type, sdp, candidate }) {
    const step = type === 'ice-candidate' ? () => this.#addCandidate(candidate) : () => this.#describe(type, sdp);
    return this.#guarded(step);
  }

  close() {
    this.closed = true;
    clearTimeout(this.#heldBack.timer);
    this.pc.close();
  }

  #stopHolding() {
    this.#heldBack.timer = null;
    if (this.#heldBack.offer) this.#guarded(() => this.#offer());
  }

  async #offer() {
    try {
      this.#makingOffer = true;
      await this.pc.setLocalDescription();
      this.#sendDescription();
    } finally {
      this.#makingOffer = false;
    }
  }

  async #describe(type, sdp) {
    const description = typeof sdp === 'string' ? { type, sdp } : sdp;
    const { pc } = this;
    clearTimeout(this.#heldBack.timer); // once stable again, the browser says by itself whether there is more to negotiate
    this.#heldBack = { timer: null, offer: false };
    // An offer collides unless we are stable, or about to be: an answer being applied makes us stable.
    const readyForOffer = !this.#makingOffer && (pc.signalingState === 'stable' || this.#settingRemoteAnswer);
    const collision = description.type === 'offer' && !readyForOffer;
    this.#ignoreOffer = !this.#polite && collision;
    if (this.#ignoreOffer) return;
    this.#settingRemoteAnswer = description.type === 'answer';
    try {
      await pc.setRemoteDescription(description); // rolls our own offer back where it must
    } finally {
      this.#settingRemoteAnswer = false;
    }
    for (const candidate of this.#candidates.splice(0)) await this.#addCandidate(candidate);
    if (description.type !== 'offer') return;
    await pc.setLocalDescription();
    this.#sendDescription();
  }

  async #addCandidate(candidate) {
    if (!this.pc.remoteDescription && !this.#ignoreOffer) {
      this.#candidates.push(candidate);
      return;
    }
    try {
      await this.pc.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!this.#ignoreOffer) throw error; // those of an offer we ignored fit nothing here
    }
  }

  #sendDescription() {
    const { type, sdp } = this.pc.localDescription;
    const state = type === 'offer' ? 'have-local-offer' : 'stable';
    this.#mesh.send(this, type, { sdp: { type, sdp } }, () => this.pc.signalingState === state);
  }

  // After close() every step still under way fails; nobody wants to hear of that.
  async #guarded(step) {
    try {
      await step();
    } catch (error) {
      if (!this.closed) this.#mesh.callbacks.onError?.(this, error);
    }
  }
}
