/** One server-sent event as it came. */
export interface SseEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

const fieldOf = (block: string, name: string): string | undefined =>
  block
    .split('\n')
    .find((line) => line.startsWith(`${name}: `))
    ?.slice(name.length + 2);

const parseBlock = (block: string): SseEvent => ({
  id: fieldOf(block, 'id'),
  event: fieldOf(block, 'event'),
  data: JSON.parse(fieldOf(block, 'data') ?? '{}') as Readonly<Record<string, unknown>>,
});

/** Reads a stream of server-sent events until it ends; comments are left out. */
export async function* readSse(response: Response): AsyncGenerator<SseEvent, void, undefined> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    yield* blocks.filter((block) => !block.startsWith(':')).map(parseBlock);
  }
}
