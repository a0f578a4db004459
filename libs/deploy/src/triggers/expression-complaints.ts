import { compileCondition, compileMapping, CONDITION_LIMITS, kestraConditions, parseNetwork } from '@millrace/domain';
import { AppError } from '@millrace/kernel';
import { type Complaint } from '../schema-complaints.ts';
import { type WrittenTrigger } from './trigger-definition.ts';

/** What the author is told of an attempt that fails; nothing when it does not. */
const complaintOf = (keys: readonly string[], attempt: () => unknown): readonly Complaint[] => {
  try {
    attempt();
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ keys, reason: `${keys.join('.')}: ${error.message}` }];
  }
};

/** `when` is one expression or several. */
export const whenOf = ({ when }: WrittenTrigger): readonly unknown[] => {
  if (when === undefined) return [];
  return Array.isArray(when) ? (when as unknown[]) : [when];
};

const whenComplaints = (trigger: WrittenTrigger): readonly Complaint[] =>
  whenOf(trigger).flatMap((source, index) => {
    const keys = Array.isArray(trigger.when) ? ['when', String(index)] : ['when'];
    if (typeof source !== 'string')
      return [{ keys, reason: `${keys.join('.')} must be an expression or a list of them` }];
    return complaintOf(keys, () => compileCondition(source));
  });

const mappingComplaints = ({ input = {} }: WrittenTrigger): readonly Complaint[] =>
  Object.entries(input).flatMap(([name, source]) =>
    complaintOf(['input', name], () => compileMapping({ [name]: source })),
  );

const networkComplaints = ({ allow_from: networks = [] }: WrittenTrigger): readonly Complaint[] =>
  networks.flatMap((network, index) => complaintOf(['allow_from', String(index)], () => parseNetwork(network)));

/** Each has a budget of its own: many of them together would hold up everybody else. */
const countComplaints = (trigger: WrittenTrigger): readonly Complaint[] => {
  const { conditions = [] } = trigger;
  const max = CONDITION_LIMITS.conditionsMax;
  if (whenOf(trigger).length + conditions.length <= max) return [];
  const key = conditions.length > 0 ? 'conditions' : 'when';
  return [{ keys: [key], reason: `${key}: more than ${max} conditions` }];
};

/** Everything in a declaration that is a small language of its own, compiled as the gateway will. */
export const expressionComplaints = (trigger: WrittenTrigger): readonly Complaint[] => [
  ...countComplaints(trigger),
  ...whenComplaints(trigger),
  ...(trigger.conditions ?? []).flatMap((condition, index) =>
    complaintOf(['conditions', String(index)], () => kestraConditions([condition])),
  ),
  ...mappingComplaints(trigger),
  ...networkComplaints(trigger),
];
