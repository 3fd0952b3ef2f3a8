import { describe, expect, it } from 'vitest';

import { policyJson } from '../../src/cli/policy-json.js';
import { policyTable } from '../../src/cli/policy-table.js';
import type { DescribedPolicy } from '../../src/index.js';

const described: readonly DescribedPolicy[] = [
  { request: 'ConnectionRequest', phase: 'limit', source: 'rxsshd/admission' },
  { request: 'ConnectionRequest', phase: 'route', source: 'rxsshd/default' },
  { request: 'SSHUserAuthRequest', phase: 'authenticate', source: 'Desk.signIn' },
  { request: 'SSHChannelRequest', phase: 'route', source: 'rxsshd/router' },
];

describe('policyTable', () => {
  it('shows every type of request, in the order of a connection, its columns aligned across types', () => {
    expect(policyTable(described)).toBe(
      [
        'ConnectionRequest',
        '  1  limit         rxsshd/admission',
        '  2  route         rxsshd/default',
        '',
        'SSHServiceRequest',
        '  no policy: every request is denied',
        '',
        'SSHUserAuthRequest',
        '  1  authenticate  Desk.signIn',
        '',
        'SSHChannelOpenRequest',
        '  no policy: every request is denied',
        '',
        'SSHChannelRequest',
        '  1  route         rxsshd/router',
        '',
        'SSHGlobalRequest',
        '  no policy: every request is denied',
        '',
      ].join('\n'),
    );
  });

  it('makes room for the longest order', () => {
    const many = Array.from({ length: 10 }, (_, index) => ({
      request: 'SSHGlobalRequest' as const,
      phase: 'limit' as const,
      source: `policy ${String(index + 1)}`,
    }));

    const lines = policyTable([...described, ...many]).split('\n');

    expect(lines).toContain('   9  limit         policy 9');
    expect(lines).toContain('  10  limit         policy 10');
    expect(lines).toContain('   1  authenticate  Desk.signIn');
  });

  it('shows a server without any policy', () => {
    expect(policyTable([]).match(/no policy/g)).toHaveLength(6);
  });
});

describe('policyJson', () => {
  it('has every type of request with its policies in order', () => {
    const text = policyJson(described);

    expect(text.endsWith('}\n')).toBe(true);
    expect(JSON.parse(text)).toEqual({
      ConnectionRequest: [
        { order: 1, phase: 'limit', source: 'rxsshd/admission' },
        { order: 2, phase: 'route', source: 'rxsshd/default' },
      ],
      SSHServiceRequest: [],
      SSHUserAuthRequest: [{ order: 1, phase: 'authenticate', source: 'Desk.signIn' }],
      SSHChannelOpenRequest: [],
      SSHChannelRequest: [{ order: 1, phase: 'route', source: 'rxsshd/router' }],
      SSHGlobalRequest: [],
    });
  });
});
