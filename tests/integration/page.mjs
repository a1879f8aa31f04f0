// Bundles a page of the tests (`web/src/testing/page.ts`) and runs it: our TypeScript, with the packages as they are.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [web] = process.argv.slice(2);
const { rolldown } = await import(pathToFileURL(join(web, "node_modules/rolldown/dist/index.mjs")).href);
// Within the packages' folder, as that is where Node looks for them from here.
const folder = await mkdtemp(join(web, "node_modules/.page-"));
let page;
try {
  const bundle = await rolldown({
    input: join(web, "src/testing/page.ts"),
    platform: "node",
    external: (id) => !id.startsWith(".") && !id.startsWith("/"),
  });
  const file = join(folder, "page.mjs");
  await bundle.write({ file, format: "esm", codeSplitting: false });
  await bundle.close();
  page = await import(pathToFileURL(file).href);
} finally {
  await rm(folder, { recursive: true, force: true });
}
await page.run();
process.stdout.write("", () => process.exit(0));
