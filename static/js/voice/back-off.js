// What failed is left alone for a while: longer each time, until it works. Pure.

const FIRST_MS = 30_000;
const LONGEST_MS = 300_000;

export function createBackOff() {
  let failures = 0;
  let endsAt = -Infinity;

  function failed() {
    endsAt = performance.now() + Math.min(LONGEST_MS, FIRST_MS * 2 ** failures++);
  }

  const worked = () => (failures = 0);

  return { failed, worked, isOn: () => performance.now() < endsAt };
}
