import { type Logger } from '@millrace/runtime';

/** Says once per finding that the newest public events are of a log that is gone. */
export const reportForeign = (log: Logger): ((count: number) => void) => {
  let said = 0;
  return (count) => {
    if (count === said) return;
    said = count;
    log.warn('public events of a log that was replaced or cut short stay published; those of this log follow them', {
      count,
    });
  };
};
