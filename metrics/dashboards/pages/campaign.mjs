// The campaigns with most queued: how far they are and when they will be done.
import { at, dashboard, graph, stat, rate } from '../panels.mjs';

const here = at(['tenant', 'campaign']);
const of = (state) => `sluice_campaign_recipients${at(['tenant', 'campaign'], `state="${state}"`)}`;

export default dashboard({
  uid: 'sluice-campaign',
  title: 'sluice: campaigns',
  about: 'The twenty campaigns with most queued: how far they are, when they will be done, who was not mailed.',
  variables: [
    ['tenant', 'label_values(sluice_campaign_recipients, tenant)', 'Tenant'],
    ['campaign', 'label_values(sluice_campaign_recipients{tenant=~"$tenant"}, campaign)', 'Campaign'],
  ],
  rows: [
    ['Now', [
      stat({ title: 'Campaigns', unit: 'short', width: 8, about: 'Not done, by state.',
        queries: [[`sum by (state) (sluice_campaigns${at()})`, '{{state}}']] }),
      stat({ title: 'Queued', unit: 'short', width: 8, about: 'Recipients that wait, of the campaigns chosen.',
        queries: [[`sum(${of('queued')})`, 'queued']] }),
      stat({ title: 'Done in', unit: 's', width: 8, none: 'unknown',
        about: 'The longest at the present rate; unknown while nothing leaves or the list is still read.',
        queries: [[`max(sluice_campaign_eta_seconds${here})`, 'longest']] }),
    ]],
    ['Progress', [
      graph({ title: 'Recipients by what became of them', unit: 'short', stacked: true,
        about: 'Of the campaigns chosen; together they are all that was injected.',
        queries: [[`sum by (state) (sluice_campaign_recipients${here})`, '{{state}}']] }),
      graph({ title: 'Delivered a second', unit: 'mps', about: 'By campaign.',
        queries: [[`sum by (tenant, campaign) (deriv(${of('delivered')}[$__rate_interval]))`,
          '{{tenant}} {{campaign}}']] }),
      graph({ title: 'Done in, and time left', unit: 's', none: 'unknown',
        about: 'A campaign whose rest takes longer than it lives will have expired recipients.',
        queries: [[`sluice_campaign_eta_seconds${here}`, '{{campaign}} needs'],
          [`sluice_campaign_time_left_seconds${here}`, '{{campaign}} has']] }),
      graph({ title: 'Refused', unit: 'percentunit', about: 'Bounced of what is final, by campaign.',
        queries: [[`sum by (tenant, campaign) (${of('bounced')}) / (sum by (tenant, campaign) `
          + `(sluice_campaign_recipients${at(['tenant', 'campaign'], 'state=~"delivered|bounced"')}) > 0)`,
        '{{tenant}} {{campaign}}']] }),
    ]],
    ['Everywhere', [
      graph({ title: 'Not attempted on purpose', unit: 'mps', width: 8, none: 'none',
        about: 'Suppressed recipients a second, by reason.',
        queries: [[`sum by (reason) (${rate('sluice_suppressed_total', at())})`, '{{reason}}']] }),
      graph({ title: 'Queue by tenant', unit: 'short', width: 8, stacked: true, about: 'Those with most.',
        queries: [[`sum by (tenant) (sluice_tenant_queue_recipients${at(['tenant'])})`, '{{tenant}}']] }),
      graph({ title: 'Waiting in incoming/', unit: 's', width: 8,
        about: 'How long the oldest directory has waited to be taken.',
        queries: [[`sluice_spool_oldest_file_seconds${at()}`, '{{instance}}']] }),
    ]],
  ],
});
