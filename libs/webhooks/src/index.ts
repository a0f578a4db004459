export { type Algorithm, type RuleMember, type RuleMembers } from './rule.ts';
export { type ChallengeAnswer, type ChallengeProof, type SignInput } from './preset.ts';
export { type Encoding } from './encoding.ts';
export { isPresetName, type PresetName, presetNames, type SampleName, type SignatureRule } from './registry.ts';
export { parseRule, ruleComplaints } from './rule-complaints.ts';
export { publicKeyOf } from './standard-keys.ts';
export { type Acceptance, type Refusal, type RefusalReason, type Verdict } from './verdict.ts';
export { type SampleDelivery, sampleDelivery, sampleNames } from './sample-delivery.ts';
export { signRequest } from './sign-request.ts';
export { type SignedRequest } from './request.ts';
export {
  challengeAnswer,
  challengeProof,
  deliveryDigest,
  deliveryIdOf,
  isDeliveryIdSigned,
  verifySignature,
} from './verify-signature.ts';
