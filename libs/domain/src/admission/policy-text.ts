import { type RunPolicy } from '@millrace/contracts';

const rarelyText = ({ keyConcurrency, queueLimit, rate, debounce, pool, retries: { backoff } }: RunPolicy): string => {
  if ((keyConcurrency ?? queueLimit ?? rate ?? debounce ?? pool ?? backoff) === undefined) return '';
  const parts = [keyConcurrency, queueLimit, rate, debounce, pool, backoff];
  return parts.map((part) => (typeof part === 'object' ? Object.values(part).join(',') : part)).join(' ');
};

/** Texts are equal exactly when policies are, as far as the scheduler is concerned. Equal ones in another order may differ. */
export const policyText = (policy: RunPolicy): string => {
  const { timeoutMs, concurrency, onLimit, retries } = policy;
  return `${timeoutMs} ${concurrency ?? ''} ${onLimit} ${retries.failed} ${retries.lost} ${rarelyText(policy)}`;
};
