import { defineWorkflow } from '@millrace/sdk';

interface Push {
  readonly ref: string;
  readonly after: string;
  readonly repository: { readonly full_name: string };
}

/** Runs when GitHub tells of a push to `main`: `millrace secret set GITHUB_SECRET` first, then add the webhook there. */
export default defineWorkflow<Push>(
  {
    description: 'Takes a push that GitHub has signed',
    triggers: [
      {
        dialect: 'hooks',
        id: 'push',
        path: '/github/push',
        signature: { preset: 'github', secret: 'GITHUB_SECRET' },
        when: 'headers["x-github-event"] == "push" && body.ref == "refs/heads/main"',
      },
    ],
  },
  ({ input, log }) => {
    const { repository, after } = input;
    log.info('push', { repository: repository.full_name, commit: after });
    return { repository: repository.full_name, commit: after };
  },
);
