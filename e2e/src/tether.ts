/**
 * Preloaded (`--import`) into every process that a test starts: it ends with its parent, also when that was killed. The
 * channel alone does not keep it running.
 */
process.once('disconnect', () => process.exit(0));
process.channel?.unref();
