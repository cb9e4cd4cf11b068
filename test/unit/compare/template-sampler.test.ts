import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { TemplateSampler } from '../../../src/compare/template-sampler.ts';

const SETTINGS = { perTemplate: 100, windowMs: 1000, mostTemplates: 10 };

describe('TemplateSampler', () => {
  it('takes all of a rare template while a busy one is thinned, evenly over the window', () => {
    const sampler = new TemplateSampler(SETTINGS);
    const random = seededRandom(1);
    const taken = { rare: 0, busy: 0, late: 0 };
    for (let ms = 0; ms < 10_000; ms++) {
      if (ms % 500 === 0 && sampler.take('/rare', ms, random())) taken.rare++;
      for (let i = 0; i < 10; i++) {
        if (!sampler.take('/busy', ms, random())) continue;
        taken.busy++;
        if (ms >= 2000 && ms % 1000 >= 500) taken.late++;
      }
    }
    expect(taken.rare).toBe(20);
    // 8 settled windows of 100, half of each in its second half; six sigma.
    expect(Math.abs(taken.late - 400)).toBeLessThan(6 * Math.sqrt(400));
    expect(taken.busy).toBeLessThan(10 * 100 + 600);
  });

  it('takes a quota of a new template at once, then thins it', () => {
    const sampler = new TemplateSampler(SETTINGS);
    const taken = Array.from({ length: 1000 }, () => sampler.take('/new', 0, 0.5)).filter(Boolean);
    // At a chance of just one half it goes on while less than twice the quota has come.
    expect(taken.length).toBe(199);
  });

  it('is deterministic and bounded in templates', () => {
    const takes = (): boolean[] => {
      const sampler = new TemplateSampler(SETTINGS);
      const random = seededRandom(7);
      return Array.from({ length: 5000 }, (_, n) => sampler.take(`/t${n}`, n / 10, random()));
    };
    expect(takes()).toEqual(takes());
    // All beyond ten share one quota: within one window that is 100 and what the thinning lets through.
    expect(takes().filter(Boolean).length).toBeLessThan(700);
  });

  it('gives the places of names that are not requested to others, window by window', () => {
    const sampler = new TemplateSampler(SETTINGS);
    for (let n = 0; n < 10_000; n++) sampler.take(`/scan${n}`, 0, 0.5);
    expect(sampler.take('/real', 0, 0.5)).toBe(false);
    expect(sampler.take('/real', 1000, 0.5)).toBe(true);
  });

  it('forgets a rate after a window without requests', () => {
    const sampler = new TemplateSampler(SETTINGS);
    for (let n = 0; n < 10_000; n++) sampler.take('/a', 0, 0.999);
    expect(sampler.take('/a', 1000, 0.5)).toBe(false);
    expect(sampler.take('/a', 3000, 0.5)).toBe(true);
  });
});
