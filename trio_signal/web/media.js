/**
 * media.js: the own camera and microphone.
 *
 * "Camera off" really lets go of the camera (its light goes out); a muted microphone is only silenced, so that
 * unmuting is instant. What was chosen survives a reload of the tab.
 */

const CHOICE_KEY = 'trio-signal.media';
const VIDEO = { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 24, max: 30 }, facingMode: 'user' };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class LocalMedia {
  /** What the own tile shows. */
  stream = new MediaStream();
  /** Key of i18n.js on why something is missing, or null. */
  problem = null;

  #onTrack;
  #wanted;
  #closed = false;

  /** @param {(kind: 'audio' | 'video', track: MediaStreamTrack | null) => void} onTrack */
  constructor(onTrack) {
    this.#onTrack = onTrack;
    this.#wanted = { audio: true, video: true, ...JSON.parse(sessionStorage.getItem(CHOICE_KEY) ?? '{}') };
  }

  /** What the others are told: `{audio, video}`, true for what is really sent. */
  get state() {
    return { audio: Boolean(this.#track('audio')?.enabled), video: Boolean(this.#track('video')) };
  }

  /** Ask for what is wanted; fewer devices, or none, are no error: `problem` says which. */
  async open() {
    this.problem = null;
    const { audio, video } = this.#wanted;
    if (!navigator.mediaDevices?.getUserMedia) this.problem = 'media.insecure';
    else if (audio || video) this.problem = await this.#open(audio, video);
  }

  async toggle(kind) {
    const on = !this.state[kind];
    this.#wanted[kind] = on;
    sessionStorage.setItem(CHOICE_KEY, JSON.stringify(this.#wanted));
    const track = this.#track(kind);
    if (kind === 'audio' && track) track.enabled = on;
    else if (on) this.problem = navigator.mediaDevices ? await this.#open(kind === 'audio', kind === 'video') : 'media.insecure';
    else this.#put('video', null);
  }

  close() {
    this.#closed = true;
    for (const track of this.stream.getTracks()) track.stop();
  }

  async #open(audio, video) {
    const first = await this.#capture(audio, video);
    if (first === null || first === 'media.denied' || !(audio && video)) return first;
    // One device missing or busy fails the whole request: take what is there.
    if (await this.#capture(true, false) === null) return 'media.partial.video';
    if (await this.#capture(false, true) === null) return 'media.partial.audio';
    return first;
  }

  async #capture(audio, video) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: audio && AUDIO, video: video && VIDEO });
      for (const track of stream.getTracks()) {
        if (this.#closed) track.stop();
        else this.#put(track.kind, track);
      }
      return null;
    } catch (error) {
      if (error.name === 'NotAllowedError' || error.name === 'SecurityError') return 'media.denied';
      return error.name === 'NotReadableError' || error.name === 'AbortError' ? 'media.busy' : 'media.missing';
    }
  }

  #track(kind) {
    return this.stream.getTracks().find((track) => track.kind === kind);
  }

  #put(kind, track) {
    const old = this.#track(kind);
    if (old) { old.stop(); this.stream.removeTrack(old); }
    if (track) {
      this.stream.addTrack(track);
      track.addEventListener('ended', () => { if (this.#track(kind) === track) this.#put(kind, null); });
    }
    this.#onTrack(kind, track);
  }
}
