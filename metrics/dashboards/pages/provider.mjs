// One receiver, or some: what it answers, how fast it is, and what we wait for.
import { at, dashboard, graph, rate, quantile, share, stat } from '../panels.mjs';

const here = at(['provider']);
const attempts = `sum(${rate('sluice_attempts_total', here)})`;

export default dashboard({
  uid: 'sluice-provider',
  title: 'sluice: provider',
  about: 'One receiver: results, replies and their classes, times by stage, connections, back-off and limits.',
  variables: [['provider', 'label_values(sluice_attempts_total, provider)', 'Provider']],
  rows: [
    ['Now', [
      stat({ title: 'Delivered', unit: 'mps', width: 6, about: 'Recipients delivered a second.',
        queries: [[`sum(${rate('sluice_delivered_total', here)})`, 'delivered']] }),
      stat({ title: 'Deferred', unit: 'percentunit', width: 6, steps: [0.05, 0.2], about: 'Share of attempts.',
        queries: [[share(`sum(${rate('sluice_deferred_total', here)})`, attempts), 'deferred']] }),
      stat({ title: 'Queued', unit: 'short', width: 6,
        about: 'Recipients queued for it: an estimate, as old as the last walk over the queue.',
        queries: [[`sum(sluice_queue_recipients${here})`, 'queued']] }),
      stat({ title: 'Oldest ready', unit: 's', width: 6, about: 'How long the oldest that could go has waited.',
        none: 'none', queries: [[`max(sluice_queue_oldest_seconds${at(['provider'], 'state="ready"')})`, 'oldest']] }),
    ]],
    ['What it says', [
      graph({ title: 'Attempts by result', unit: 'mps', stacked: true, about: 'Attempts a second.',
        queries: [[`sum by (result) (${rate('sluice_attempts_total', here)})`, '{{result}}']] }),
      graph({ title: 'Replies', unit: 'mps', about: 'Replies that decided an attempt, by class and enhanced code.',
        queries: [[`sum by (class, enhanced) (${rate('sluice_replies_total', here)})`, '{{class}} {{enhanced}}']] }),
      graph({ title: 'Deferred by class', unit: 'mps', stacked: true,
        about: 'Why it defers: rate and policy are about us, quota about the mailbox, network about the way.',
        queries: [[`sum by (class) (${rate('sluice_deferred_total', here)})`, '{{class}}']] }),
      graph({ title: 'Bounced by class', unit: 'mps', stacked: true,
        about: 'Why it refuses for good: invalid-recipient is the list, blocklist and policy are our standing.',
        queries: [[`sum by (class) (${rate('sluice_bounced_total', here)})`, '{{class}}']] }),
    ]],
    ['How it goes', [
      graph({ title: 'Time by stage, p90', unit: 's', about: 'Which stage of SMTP it is slow in.',
        queries: [[quantile(0.9, 'sluice_smtp_stage_seconds', here, ['stage']), '{{stage}}']] }),
      graph({ title: 'Time in queue, p90', unit: 's', about: 'From acceptance to delivery: first attempts, retries.',
        queries: [[quantile(0.9, 'sluice_time_in_queue_seconds', here, ['lane']), '{{lane}}']] }),
      graph({ title: 'Connections', unit: 'short', stacked: true, about: 'By source and state.',
        queries: [[`sum by (source, state) (sluice_connections${here})`, '{{source}} {{state}}']] }),
      graph({ title: 'Messages a connection', unit: 'short',
        about: 'What a connection carried on average before it ended: low means that it ends them early.',
        queries: [[share(`sum by (provider) (${rate('sluice_messages_per_connection_sum', here)})`,
          `sum by (provider) (${rate('sluice_messages_per_connection_count', here)})`), '{{provider}}']] }),
      graph({ title: 'Waits', unit: 'none', about:
          'Lanes and paths that wait, by what for: seconds of waiting a second, counted as waits end.',
        queries: [[`sum by (reason) (${rate('sluice_throttle_wait_seconds_total', here)})`, '{{reason}}']] }),
      graph({ title: 'Backing off', unit: 'short', none: 'none', about: 'Paths that back off, by source and rule.',
        queries: [[`sum by (source, rule) (sluice_backoff_active${here})`, '{{source}} {{rule}}']] }),
    ]],
  ],
});
