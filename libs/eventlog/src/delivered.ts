import { type Msg } from '@nats-io/transport-node';

/** A message as a consumer delivered it. */
export interface Delivered {
  /** In the stream. */
  readonly sequence: number;
  /** Counts what the consumer delivered, from 1. */
  readonly deliverySequence: number;
  /** When the stream stored it, milliseconds since the epoch. */
  readonly time: number;
  readonly bytes: number;
  readonly message: Msg;
}

const NANOS_PER_MILLISECOND_DIGITS = 6;
/** `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`; newer servers put domain and account first. */
const TOKENS_WITHOUT_DOMAIN = 9;

export const parseDelivered = (message: Msg): Delivered => {
  const tokens = (message.reply ?? '').split('.');
  const at = tokens.length > TOKENS_WITHOUT_DOMAIN ? 7 : 5;
  return {
    sequence: Number(tokens[at]),
    deliverySequence: Number(tokens[at + 1]),
    time: Number((tokens[at + 2] ?? '').slice(0, -NANOS_PER_MILLISECOND_DIGITS)),
    bytes: message.data.length,
    message,
  };
};
