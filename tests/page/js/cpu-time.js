// How long something takes, whatever else the machine does.

/** In milliseconds of this process's own. */
export function cpuMs(work) {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}
