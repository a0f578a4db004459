import { expect, test } from 'vitest';
import { repeatDeliveries, swapDeliveries } from './nats-frames.ts';

const delivery = (text: string): string => `MSG a.b 1 $JS.ACK.S.C.1.1.1.0.0 ${text.length}\r\n${text}\r\n`;
const OTHER = 'PING\r\n';
const REPLY = 'HMSG _INBOX.x 2 12 14\r\nNATS/1.0\r\n\r\nok\r\n';

const pass = (transform: (chunk: Buffer) => Buffer, text: string, pieceBytes: number): string => {
  let out = '';
  for (let from = 0; from < text.length; from += pieceBytes)
    out += transform(Buffer.from(text.slice(from, from + pieceBytes))).toString();
  return out;
};

test.each([1, 7, 1_000])('repeats deliveries and nothing else, in pieces of %d bytes', (pieceBytes) => {
  const text = OTHER + delivery('one\r\n') + REPLY + delivery('');
  const expected = OTHER + delivery('one\r\n').repeat(2) + REPLY + delivery('').repeat(2);
  expect(pass(repeatDeliveries(), text, pieceBytes)).toBe(expected);
});

test('lets every second delivery be overtaken by one that came with it', () => {
  const text = ['a', 'b', 'c', 'd', 'e'].map(delivery).join('');
  expect(pass(swapDeliveries(2), text, 1_000)).toBe(['a', 'c', 'b', 'e', 'd'].map(delivery).join(''));
  expect(pass(swapDeliveries(2), text, delivery('a').length)).toBe(text);
});
