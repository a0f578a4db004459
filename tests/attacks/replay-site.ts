import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type PlainAnswer } from './send.ts';

/** Of one connection only. */
const NOT_REPLAYED: ReadonlySet<string> = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding']);

export interface ReplaySite {
  readonly url: string;
  /** What pages call that ran. */
  readonly tellUrl: string;
  /** Of the answers that are served from now on: as they came below `/as-it-came/`, as unguarded pages below `/unguarded/`. */
  readonly serve: (answers: readonly PlainAnswer[]) => void;
  /** Paths of the pages that ran, sorted. */
  readonly told: () => readonly string[];
  /** Settles when the index at `/` has shown everything. */
  readonly visited: Promise<undefined>;
  readonly close: () => void;
}

/** Shows every answer in a frame, one after the other, each for long enough to run. */
const indexOf = (count: number): string => `<!doctype html><body><script>
const show = (path) => new Promise((resolve) => {
  const frame = document.createElement('iframe');
  frame.onload = () => setTimeout(resolve, 200);
  setTimeout(resolve, 3000);
  frame.src = path;
  document.body.append(frame);
});
(async () => {
  for (let index = 0; index < ${count}; index += 1) {
    await Promise.all([show('/as-it-came/' + index), show('/unguarded/' + index)]);
  }
  await fetch('/done');
})();
</script>`;

const replay = (response: ServerResponse, { headers, text }: PlainAnswer): void => {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !NOT_REPLAYED.has(name)) response.setHeader(name, value);
  }
  response.end(text);
};

/** Serves what a server has answered to a browser that cannot ask with a token: headers and body as they were. */
export const startReplaySite = async (): Promise<ReplaySite> => {
  let answers: readonly PlainAnswer[] = [];
  const told = new Set<string>();
  const visited = Promise.withResolvers<undefined>();
  const answer = (path: string, response: ServerResponse): void => {
    const [, form, index] = /^\/(as-it-came|unguarded)\/(\d+)$/.exec(path) ?? [];
    const found = answers[Number(index)];
    if (path.startsWith('/told/')) told.add(path.slice('/told'.length));
    if (path === '/done') visited.resolve(undefined);
    if (form === 'as-it-came' && found !== undefined) replay(response, found);
    else if (form === 'unguarded') response.setHeader('content-type', 'text/html').end(found?.text);
    else response.setHeader('content-type', 'text/html').end(path === '/' ? indexOf(answers.length) : '');
  };
  const server = createServer((request, response) => answer(request.url ?? '/', response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    tellUrl: `${url}/told`,
    serve: (given) => (answers = given),
    told: () => [...told].sort(),
    visited: visited.promise,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
