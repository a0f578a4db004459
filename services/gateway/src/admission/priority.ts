import { PRIORITY_MAX, PRIORITY_MIN } from '@millrace/domain';
import { AppError } from '@millrace/kernel';
import { type WorkflowVersion } from '@millrace/contracts';
import { type Principal } from '../auth/access.ts';

/** Whether a token may put its runs before those of others. */
const mayRaise = ({ scopes }: Principal): boolean => scopes.includes('admin') || scopes.includes('priority');

/**
 * The priority that a request asks for. Anybody may ask for less than the workflow has; more takes the scope `priority`.
 *
 * @throws AppError `invalid` `priority.out_of_bounds`; `forbidden` `auth.priority`.
 */
export const checkPriority = (
  asked: number | undefined,
  { admission }: Pick<WorkflowVersion, 'admission'>,
  principal: Principal,
): number | undefined => {
  if (asked === undefined) return undefined;
  if (!Number.isInteger(asked) || asked < PRIORITY_MIN || asked > PRIORITY_MAX) {
    throw new AppError(
      'invalid',
      'priority.out_of_bounds',
      `priority must be a whole number from ${PRIORITY_MIN} to ${PRIORITY_MAX}`,
    );
  }
  const own = admission?.priority ?? 0;
  if (asked <= own || mayRaise(principal)) return asked;
  throw new AppError('forbidden', 'auth.priority', `a priority above ${own} takes a token with the scope priority`);
};
