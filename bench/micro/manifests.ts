import type { MicroTask } from "./task.ts";
import { readFile } from "node:fs/promises";
import { parseClientManifest } from "../../lib/manifest/client_manifest.ts";
import { formatLiveServerManifest } from "../../lib/manifest/live_server_manifest.ts";
import { parseServerManifest } from "../../lib/manifest/server_manifest.ts";
import { readSampleParts } from "./sample_parts.ts";

const sampleText = (name: string) =>
  readFile(new URL(`../../testdata/${name}`, import.meta.url), "utf8");

/** What is done to manifests once for each presentation or stream. */
export async function manifestTasks(): Promise<MicroTask[]> {
  const [server, client] = await Promise.all(["sample.ism", "sample.ismc"].map(sampleText)) as [
    string,
    string,
  ];
  const { live } = await readSampleParts();
  return [
    { name: "parseServerManifest", run: () => void parseServerManifest(server) },
    { name: "parseClientManifest", run: () => void parseClientManifest(client) },
    { name: "formatLiveServerManifest", run: () => void formatLiveServerManifest([live]) },
  ];
}
