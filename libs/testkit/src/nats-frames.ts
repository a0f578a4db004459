import { type Transform } from './proxy-lane.ts';

/** A message of a JetStream consumer on its way to a client, or any other piece of the protocol. */
export interface NatsFrame {
  readonly bytes: Buffer;
  /** It was delivered by a consumer: its reply subject begins with `$JS.ACK.` */
  readonly isDelivery: boolean;
}

const LINE_END = '\r\n';

/** Bytes of a whole frame at the beginning of the buffer; `undefined` while some are missing. */
const readFrame = (buffer: Buffer): NatsFrame | undefined => {
  const end = buffer.indexOf(LINE_END);
  if (end === -1) return undefined;
  const words = buffer.toString('latin1', 0, end).split(' ');
  const isMessage = words[0] === 'MSG' || words[0] === 'HMSG';
  const payload = isMessage ? Number(words.at(-1)) + LINE_END.length : 0;
  const length = end + LINE_END.length + payload;
  if (buffer.length < length) return undefined;
  return {
    bytes: buffer.subarray(0, length),
    isDelivery: isMessage && words.some((word) => word.startsWith('$JS.ACK.')),
  };
};

/**
 * Changes what a nats-server sends to one client.
 *
 * @param change gets the frames that have come together, and gives what goes on in their place
 */
export const transformFrames = (change: (frames: readonly NatsFrame[]) => readonly NatsFrame[]): Transform => {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: NatsFrame[] = [];
    for (let frame = readFrame(rest); frame !== undefined; frame = readFrame(rest)) {
      rest = rest.subarray(frame.bytes.length);
      frames.push(frame);
    }
    return Buffer.concat(change(frames).map(({ bytes }) => bytes));
  };
};

/** Every delivery comes twice. */
export const repeatDeliveries = (): Transform =>
  transformFrames((frames) => frames.flatMap((frame) => (frame.isDelivery ? [frame, frame] : [frame])));

/** Every `n`-th delivery is overtaken by the one behind it, where both have come together: none is kept back until another comes. */
export const swapDeliveries = (n: number): Transform => {
  let count = 0;
  return transformFrames((frames) => {
    const swapped = [...frames];
    for (const [index, frame] of frames.entries()) {
      const next = frames[index + 1];
      if (!frame.isDelivery) continue;
      count += 1;
      if (count % n !== 0 || next?.isDelivery !== true) continue;
      [swapped[index], swapped[index + 1]] = [next, frame];
    }
    return swapped;
  });
};
