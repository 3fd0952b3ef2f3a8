// Preloaded (`node --expose-gc --import`) into every Node server alike, so that the memory measure can compare what the
// servers hold, not how long ago V8 last cleaned up. It needs nothing from the server and costs nothing until signalled.
process.on('SIGUSR2', () => {
  // Twice: finalizers of the first pass release objects (buffers, handles) that only a second pass can collect.
  globalThis.gc?.();
  setImmediate(() => {
    globalThis.gc?.();
    process.stderr.write('bench: garbage collected\n');
  });
});
