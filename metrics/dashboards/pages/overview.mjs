// Is it well, how much goes out, and where does it hurt: the first look.
import { at, dashboard, graph, rate, share, stat, quantile } from '../panels.mjs';

const all = at();
const attempts = `sum(${rate('sluice_attempts_total', all)})`;

export default dashboard({
  uid: 'sluice-overview',
  title: 'sluice: overview',
  about: 'Whether the service is well, how much mail leaves, and which receiver hurts.',
  rows: [
    ['Now', [
      stat({ title: 'Ready', unit: 'bool_yes_no', about: 'Whether every instance takes work: /readyz says why not.',
        queries: [[`min(sluice_ready${all})`, 'ready']] }),
      stat({ title: 'Delivered', unit: 'mps', about: 'Recipients delivered a second.',
        queries: [[`sum(${rate('sluice_delivered_total', all)})`, 'delivered']] }),
      stat({ title: 'Queued', unit: 'short', about: 'Recipients queued in every state, exactly.',
        queries: [[`sum(sluice_queue_recipients${all})`, 'queued']] }),
      stat({ title: 'Deferred', unit: 'percentunit', steps: [0.05, 0.2],
        about: 'Share of attempts that must be repeated, greylisting left out.',
        queries: [[share(`sum(${rate('sluice_deferred_total', at([], 'class!="greylist"'))})`, attempts), 'deferred']] }),
      stat({ title: 'Bounced', unit: 'percentunit', steps: [0.02, 0.05], about: 'Share of attempts refused for good.',
        queries: [[share(`sum(${rate('sluice_bounced_total', all)})`, attempts), 'bounced']] }),
      stat({ title: 'Disk free', unit: 'percentunit',
        about: 'Free part of the disk below data_dir. Thresholds in bytes are on "queue and store".',
        queries: [[`min(sluice_disk_free_bytes${all} / sluice_disk_size_bytes${all})`, 'free']] }),
    ]],
    ['Mail', [
      graph({ title: 'What becomes of attempts', unit: 'mps', stacked: true,
        about: 'Attempts a second by result. A growing part of deferred means that receivers push back.',
        queries: [[`sum by (result) (${rate('sluice_attempts_total', all)})`, '{{result}}']] }),
      graph({ title: 'Accepted', unit: 'mps', stacked: true,
        about: 'Recipients taken a second by door; those of the spool as their list is read.',
        queries: [[`sum by (door) (${rate('sluice_accepted_total', all)})`, '{{door}}']] }),
      graph({ title: 'Queue by state', unit: 'short', stacked: true,
        about: 'ready could go now, deferred waits for its next attempt, held and paused wait for somebody.',
        queries: [[`sum by (state) (sluice_queue_recipients${all})`, '{{state}}']] }),
      graph({ title: 'Delivered by provider', unit: 'mps', stacked: true, about: 'The ten that get most.',
        queries: [[`topk(10, sum by (provider) (${rate('sluice_delivered_total', all)}))`, '{{provider}}']] }),
      graph({ title: 'Time in queue', unit: 's',
        about: 'From acceptance to delivery, of what is delivered now. p99 far above p50: a few receivers are slow.',
        queries: [0.5, 0.9, 0.99].map((q) => [quantile(q, 'sluice_time_in_queue_seconds', all), `p${q * 100}`]) }),
      graph({ title: 'Deferred by provider', unit: 'percentunit',
        about: 'Share of attempts deferred, greylisting left out; the alerts look at 5 % and 20 %.',
        queries: [[share(`sum by (provider) (${rate('sluice_deferred_total', at([], 'class!="greylist"'))})`,
          `sum by (provider) (${rate('sluice_attempts_total', all)})`), '{{provider}}']] }),
    ]],
    ['The machine', [
      graph({ title: 'CPU', unit: 'none', width: 8, about: 'Cores in use by the process.',
        queries: [[rate('process_cpu_seconds_total', all), '{{instance}}']] }),
      graph({ title: 'Memory', unit: 'bytes', width: 8, about: 'Resident memory; bounded whatever the queue.',
        queries: [[`process_resident_memory_bytes${all}`, '{{instance}}']] }),
      graph({ title: 'Threads that do not answer', unit: 's', width: 8,
        about: 'How long a thread has not answered; 0 is well, above 30 s the service is not ready.',
        queries: [[`sluice_thread_stalled_seconds${all}`, '{{instance}} {{thread}}']] }),
    ]],
  ],
});
