import { type RunPolicy } from '@millrace/contracts';

/** Texts are equal exactly when policies are, as far as the scheduler is concerned. */
export const policyText = (policy: RunPolicy): string => {
  const { timeoutMs, concurrency, keyConcurrency, onLimit, queueLimit, retries, rate, debounce } = policy;
  const common = `${timeoutMs} ${concurrency ?? ''} ${onLimit} ${retries.failed} ${retries.lost}`;
  const isPlain = keyConcurrency === undefined && queueLimit === undefined && rate === undefined;
  if (isPlain && debounce === undefined && retries.backoff === undefined) return common;
  const { firstMs, factor, maxMs, jitter } = retries.backoff ?? {};
  const rarely = [keyConcurrency, queueLimit, rate?.limit, rate?.periodMs, debounce?.periodMs, debounce?.maxMs];
  return [common, ...rarely, firstMs, factor, maxMs, jitter].join(' ');
};
