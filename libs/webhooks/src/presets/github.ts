import { hexMac, singleSignature, verifyMac } from '../mac.ts';
import { definePreset, JSON_HEADERS } from '../preset.ts';
import { optionalHeader } from '../request.ts';

const PLACE = { header: 'x-hub-signature-256', prefix: 'sha256=', encoding: 'hex', algorithm: 'sha256' } as const;

const REPOSITORY = '"repository":{"id":1296269,"full_name":"octo-org/hello","private":false,"default_branch":"main"}';
const SENDER = '"sender":{"login":"octocat","id":1,"type":"User"}';

const sample = (event: string, body: string) => ({
  headers: {
    ...JSON_HEADERS,
    'user-agent': 'GitHub-Hookshot/millrace',
    'x-github-event': event,
    'x-github-hook-id': '292430182',
    'x-github-hook-installation-target-type': 'repository',
  },
  body,
});

/**
 * GitHub, and what signs as GitHub does (Gitea, Forgejo). The SHA-1 of the header `X-Hub-Signature` is not looked at.
 * @see https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
 */
export const github = definePreset({
  name: 'github',
  members: [],
  verify: (check) =>
    verifyMac(
      {
        algorithm: 'sha256',
        read: (request) => singleSignature(request, PLACE),
        messages: (request) => [[request.body]],
      },
      check,
    ),
  deliveryId: (request) => optionalHeader(request, 'x-github-delivery'),
  deliveryIdIsSigned: false,
  sign: ({ secret, body, deliveryId }) => ({
    'x-hub-signature-256': `sha256=${hexMac(secret, [body])}`,
    'x-github-delivery': deliveryId,
  }),
  samples: {
    push: sample(
      'push',
      `{"ref":"refs/heads/main","before":"6113728f27ae82c7b1a177c8d03f9e96e0adf246","after":"0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c","created":false,"deleted":false,"forced":false,${REPOSITORY},"pusher":{"name":"octocat","email":"octocat@example.com"},${SENDER},"commits":[{"id":"0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c","message":"Update README.md","timestamp":"2026-11-21T12:00:00Z","added":[],"removed":[],"modified":["README.md"]}]}`,
    ),
    ping: sample('ping', `{"zen":"Keep it logically awesome.","hook_id":292430182,${REPOSITORY},${SENDER}}`),
    pull_request: sample(
      'pull_request',
      `{"action":"opened","number":2,"pull_request":{"id":279147437,"number":2,"state":"open","title":"Fix the docs","head":{"ref":"docs"},"base":{"ref":"main"}},${REPOSITORY},${SENDER}}`,
    ),
  },
});
