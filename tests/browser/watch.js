// Runs in every page before its own scripts: what the tests cannot see from outside.
(() => {
  const connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      connections.push(this);
    }
  };

  /** Video frames decoded so far on every connection that is still open, oldest first. */
  window.framesDecoded = async () => {
    const open = connections.filter((pc) => pc.connectionState !== 'closed');
    return Promise.all(open.map(async (pc) => {
      const reports = [...(await pc.getStats()).values()];
      const video = reports.filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
      return video.reduce((sum, report) => sum + (report.framesDecoded ?? 0), 0);
    }));
  };

  /** Resolves when `video` has presented `wanted` new frames; its clock and size are looked at too. */
  window.presented = (video, wanted, limitMs) => new Promise((resolve, reject) => {
    const startedAt = video.currentTime;
    let seen = 0;
    const late = setTimeout(() => reject(new Error(`${seen} of ${wanted} frames in ${limitMs} ms`)), limitMs);
    const next = () => {
      seen += 1;
      if (seen < wanted) {
        video.requestVideoFrameCallback(next);
        return;
      }
      clearTimeout(late);
      resolve({ width: video.videoWidth, height: video.videoHeight, advanced: video.currentTime - startedAt });
    };
    video.requestVideoFrameCallback(next);
  });

  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    console.error(`policy violation: ${violatedDirective} ${blockedURI}`);
  });
})();
