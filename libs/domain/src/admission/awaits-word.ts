import { type RunPolicy } from '@millrace/contracts';

/** Whether who asks for a run hears from the scheduler at once: that it waits, as long as nothing else has become of it. */
export const isAnsweredWithWord = ({ onLimit, queueLimit }: RunPolicy): boolean =>
  onLimit === 'skip' || queueLimit !== undefined;

/** Whether a request is answered only after the scheduler's word about it: its start, its end, or that it waits. */
export const awaitsWord = (policy: RunPolicy): boolean => policy.onLimit === 'reject' || isAnsweredWithWord(policy);
