/** What a server says of an open pull, beside its messages. */
import { type Msg } from '@nats-io/transport-node';

export const STATUS_HEARTBEAT = 100;
const STATUS_NO_MESSAGES = 404;
const STATUS_PULL_EXPIRED = 408;
const STATUS_CONFLICT = 409;

/** Whether a status only says that the open pull is over; anything else puts the consumer in doubt. */
export const endsPull = ({ headers }: Msg): boolean => {
  switch (headers?.code) {
    case STATUS_NO_MESSAGES:
    case STATUS_PULL_EXPIRED:
      return true;
    case STATUS_CONFLICT: // the next message did not fit the bytes asked for; with the next pull it does
      return headers.has('Nats-Pending-Messages');
    default:
      return false;
  }
};
