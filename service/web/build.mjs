// Bundles the script of each page from src/, with the licences of what is in it.
// Usage: node build.mjs FOLDER
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node build.mjs FOLDER");
  process.exit(2);
}
const here = fileURLToPath(new URL(".", import.meta.url));

await rm(folder, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["site", "ask", "tag"].map((name) => `src/${name}.js`),
  outdir: folder,
  bundle: true,
  splitting: true,
  chunkNames: "part-[hash]",
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none", // LICENSES.txt has them whole
  metafile: true,
});

const bundled = new Set(Object.keys(metafile.inputs)
  .map((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1])
  .filter(Boolean));
const notices = [];
for (const name of [...bundled].sort()) {
  const root = join(here, "node_modules", name);
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const file = (await readdir(root)).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} ships no licence`);
  notices.push(`${name} ${version}\n\n${(await readFile(join(root, file), "utf8")).trim()}\n`);
}
await writeFile(join(folder, "LICENSES.txt"), notices.join(`\n${"-".repeat(72)}\n\n`));

for (const name of await readdir(folder)) {
  if (name.endsWith(".js")) {
    const file = join(folder, name);
    await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }));
  }
}
