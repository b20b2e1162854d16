import type { PointServer } from "../../lib/point/point_server.ts";
import type { PushOptions } from "../../lib/push_options.ts";
import { push, type PushReport } from "../../lib/push.ts";

/** Pushes a presentation to a server in this process, without a network, as fast as it can. */
export function pushToServer(
  server: PointServer,
  presentation: string,
  options: Partial<PushOptions> & { readonly path?: string } = {},
): Promise<PushReport> {
  const { path = "/live.isml", ...rest } = options;
  return push({
    points: [{ url: `http://server${path}` }],
    presentation,
    id: "9",
    rate: "max",
    fetch: (input: RequestInfo | URL, init?: RequestInit) => server.fetch(new Request(input, init)),
    ...rest,
  });
}
