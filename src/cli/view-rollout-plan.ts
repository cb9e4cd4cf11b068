// What a rollout would do, before it is started: what each step exposes, how long it takes, and what it could miss.

import type { RolloutPlan } from '../api/rollouts.ts';
import { wrapText } from './fit-table.ts';
import { countApart, formatNumber, formatRate, formatShare, formatSpan } from './quantity.ts';
import { formatTable } from './table.ts';
import type { Terminal } from './terminal.ts';

const WIDTH = 100;

export function viewRolloutPlan(plan: RolloutPlan, paint: Terminal['paint']): readonly string[] {
  const { template, steps, warnings, advice, pools = [plan] } = plan;
  const moves = pools.map(({ pool, baseline, canary }) => `${pool}: ${baseline} → ${canary}`).join(', ');
  const rows = steps.map(({ text, requests, seconds }, index) => [
    `${index + 1}`,
    text,
    requests === undefined ? '-' : formatNumber(requests),
    seconds === undefined ? '-' : formatSpan(seconds * 1000),
  ]);
  const columns = [
    { title: '#' },
    { title: 'STEP' },
    { title: 'REQUESTS', align: 'right' as const },
    { title: 'TIME', align: 'right' as const },
  ];
  return [
    `${paint('strong', moves)}, template ${template}`,
    ...pools.map(
      ({ pool, baseline, perSecond, errorRate }) =>
        `${pools.length === 1 ? 'the pool' : `pool ${pool}`} has ${formatRate(perSecond)} requests/s, and ${baseline} fails ${formatShare(errorRate)} of its requests`,
    ),
    '',
    ...formatTable(columns, rows),
    '',
    ...steps.flatMap(viewDetects),
    ...warnings.flatMap((warning) =>
      wrapText(warning, WIDTH - 2).map((line, index) => `${index === 0 ? paint('warn', '! ') : '  '}${line}`),
    ),
    ...(warnings.length === 0 ? [] : ['']),
    ...wrapText(advice, WIDTH),
  ];
}

function viewDetects({ text, detects }: RolloutPlan['steps'][number]): readonly string[] {
  if (detects.length === 0) return [];
  const parts = detects.map(({ times, requests, seconds, missed }) => {
    const time = seconds === undefined ? '' : `, ${formatSpan(seconds * 1000)}`;
    return `  failing ${times} times as often: typically ${countApart(requests, 'request')} of the canary${time}; missed in ${formatShare(missed)}`;
  });
  return [`${text}: a canary is taken back when it is`, ...parts, ''];
}
