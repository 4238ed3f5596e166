// Our addresses: what each sends, how it is received, whether it may send at all.
import { at, dashboard, graph, rate, share } from '../panels.mjs';

const here = at(['source']);

export default dashboard({
  uid: 'sluice-sources',
  title: 'sluice: sources and warm-up',
  about: 'Our sending addresses: what they send, how it is received, suspensions, daily quotas.',
  variables: [['source', 'label_values(sluice_attempts_total, source)', 'Source']],
  rows: [
    ['Sending', [
      graph({ title: 'Attempts by source', unit: 'mps', stacked: true, about: 'Attempts a second.',
        queries: [[`sum by (source) (${rate('sluice_attempts_total', here)})`, '{{source}}']] }),
      graph({ title: 'Deferred by source', unit: 'percentunit',
        about: 'Share of its attempts. One far above the others: its reputation suffers; the alert looks at 20 %.',
        queries: [[share(`sum by (source) (${rate('sluice_attempts_total', at(['source'], 'result="deferred"'))})`,
          `sum by (source) (${rate('sluice_attempts_total', here)})`), '{{source}}']] }),
      graph({ title: 'Attempts by source and provider', unit: 'mps', about: 'The twenty busiest pairs.',
        queries: [[`topk(20, sum by (source, provider) (${rate('sluice_attempts_total', here)}))`,
          '{{source}} {{provider}}']] }),
      graph({ title: 'Connections', unit: 'short', stacked: true, about: 'Open and being opened.',
        queries: [[`sum by (source) (sluice_connections${here})`, '{{source}}']] }),
    ]],
    ['Held back', [
      graph({ title: 'Suspensions', unit: 'short', none: 'none',
        about: 'Suspensions in force, everywhere or at a provider, by who made them: operator, or a rule.',
        queries: [[`sum by (source, reason) (sluice_source_suspended${here})`, '{{source}}: {{reason}}']] }),
      graph({ title: 'Backing off', unit: 'short', none: 'none', about: 'Paths of the source that back off.',
        queries: [[`sum by (source, rule) (sluice_backoff_active${here})`, '{{source}} {{rule}}']] }),
    ]],
    ['Warm-up', [
      graph({ title: 'Quota today', unit: 'short', none: 'none warms up',
        about: 'Messages a source may send to a provider today; it rises with good days.',
        queries: [[`sum by (source, provider) (sluice_warmup_quota${here})`, '{{source}} {{provider}}']] }),
      graph({ title: 'Quota used', unit: 'percentunit', none: 'none warms up', about: 'Of today, UTC.',
        queries: [[share(`sum by (source, provider) (sluice_warmup_used${here})`,
          `sum by (source, provider) (sluice_warmup_quota${here})`), '{{source}} {{provider}}']] }),
      graph({ title: 'Held steps', unit: 'bool_yes_no', none: 'none warms up',
        about: 'The quota did not rise today: too many deferrals or complaints, or nothing was sent.',
        queries: [[`max by (source, provider) (sluice_warmup_held${here})`, '{{source}} {{provider}}']] }),
    ]],
  ],
});
