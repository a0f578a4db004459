import { describe, expect, test } from 'vitest';
import { parseServerSentEvents, type ServerSentEvent } from './parse-server-sent-events.ts';

const parse = async (text: string, pieceBytes = text.length): Promise<readonly ServerSentEvent[]> => {
  const bytes = new TextEncoder().encode(text);
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  };
  const messages: ServerSentEvent[] = [];
  for await (const message of parseServerSentEvents(pieces())) messages.push(message);
  return messages;
};

const STREAM =
  ': hello\n\nid: 1-2-3\nevent: log\ndata: {"text":"ü€😀"}\n\r\ndata:a\r\ndata: b\r\n\r\nid: 2\rdata: c\r\rdata: cut';
const MESSAGES = [
  { id: '1-2-3', event: 'log', data: '{"text":"ü€😀"}' },
  { id: undefined, event: 'message', data: 'a\nb' },
  { id: '2', event: 'message', data: 'c' },
];

describe('parseServerSentEvents', () => {
  test.each([1, 2, 3, 5, 7, 1_000])('reads messages in pieces of %i bytes', async (pieceBytes) => {
    expect(await parse(STREAM, pieceBytes)).toEqual(MESSAGES);
  });

  test('drops what is not finished, and heartbeats', async () => {
    expect(await parse('data: x\n')).toEqual([]);
    expect(await parse(': heartbeat\n\n: heartbeat\n\n')).toEqual([]);
  });
});
