/** Bodies as these senders make them. */
export const SENDERS: readonly (readonly [sender: string, body: object])[] = [
  ['Alertmanager', { version: '4', status: 'firing', alerts: [{ labels: { alertname: 'DiskFull' } }] }],
  ['Grafana', { receiver: 'hooks', state: 'alerting', orgId: 1, title: '[FIRING:1]', values: { A: 1.5 } }],
  [
    'Uptime Kuma',
    { heartbeat: { status: 0, msg: 'timeout' }, monitor: { id: 7, url: 'https://shop.example' }, msg: '' },
  ],
  ['a bot of Slack', { user: 'U1', text: '/deploy shop' }],
  ['a bot of Discord', { type: 2, data: { name: 'deploy', options: [{ name: 'what', value: 'shop' }] } }],
  ['a job of GitHub Actions', { ref: 'refs/heads/main', sha: '6483389', run_id: '7' }],
  ['a job of GitLab CI', { CI_COMMIT_SHA: '6483389', CI_PIPELINE_ID: 7 }],
];
