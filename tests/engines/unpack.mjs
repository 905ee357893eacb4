// Unpacks the old Chromiums of package.json into node_modules/.browsers/, each a headless shell of its own version.

import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";

const MODULES = fileURLToPath(new URL("node_modules/", import.meta.url));

mkdirSync(`${MODULES}.browsers`, { recursive: true });
for (const name of ["chromium-83", "chromium-92", "chromium-103", "chromium-109"]) {
  const file = `${MODULES}.browsers/${name}`;
  if (existsSync(file)) continue;
  const packed = createReadStream(`${MODULES}${name}/bin/chromium.br`);
  await pipeline(packed, createBrotliDecompress(), createWriteStream(`${file}.part`, { mode: 0o755 }));
  renameSync(`${file}.part`, file); // what was broken off is never taken for whole
}
