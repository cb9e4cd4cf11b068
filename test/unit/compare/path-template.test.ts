import { describe, expect, it } from 'vitest';
import { OTHER, PathTemplates, templateOf } from '../../../src/compare/path-template.ts';

describe('templateOf', () => {
  it.each([
    ['/users/123/orders/9f1c-44', '/users/{id}/orders/{id}'],
    ['/v1/items', '/v1/items'],
    ['/api/v2/health', '/api/v2/health'],
    ['/a/550e8400-e29b-41d4-a716-446655440000', '/a/{id}'],
    ['/c/deadbeef01', '/c/{id}'],
    ['/o/ord_8fj2k3l4m5', '/o/{id}'],
    ['/t/eyJhbGciOiJIUzI1NiJ9', '/t/{id}'],
    ['/p/alice@shop.example', '/p/{id}'],
    ['/p/M%C3%BCller', '/p/{id}'],
    ['/2026-11-21/report', '/{id}/report'],
    ['/a/?q=/1/2', '/a/'],
    ['/a#/1', '/a'],
    ['/', '/'],
    ['/shopping-cart/check-out', '/shopping-cart/check-out'],
    ['/getUserProfileV2Settings/a-b-c-d-easy-as-pie', '/getUserProfileV2Settings/a-b-c-d-easy-as-pie'],
    ['/oauth2/token', '/oauth2/token'],
    [`/${'x'.repeat(65)}`, '/{id}'],
    [`/${'a/'.repeat(40)}`, `${'/a'.repeat(12)}/{more}`],
    [`/${'a'.repeat(2000)}`, OTHER],
  ])('%s is %s', (target, template) => {
    expect(templateOf(target)).toBe(template);
  });
});

describe('PathTemplates', () => {
  it('knows so many per route, so many in all, and counts the rest as one', () => {
    const templates = new PathTemplates(2, 3);
    expect(['/a', '/b', '/c', '/a', '/d'].map((path) => templates.learn('shop', path))).toEqual(['/a', '/b', OTHER, '/a', OTHER]);
    expect(templates.learn('blog', '/c')).toBe('/c');
    expect(templates.learn('third', '/c')).toBe(OTHER);
  });

  it('learns nothing where it only looks', () => {
    const templates = new PathTemplates(1, 1);
    expect(templates.find('shop', '/wp-admin')).toBe(OTHER);
    expect(templates.learn('shop', '/a')).toBe('/a');
    expect(templates.find('shop', '/a')).toBe('/a');
  });
});
