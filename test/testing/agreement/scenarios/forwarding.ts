import {
  decide,
  decideEach,
  forwardFrom,
  forwardTo,
  grant,
  serveWith,
  type SSHGlobalRequest,
} from '../../../../src/index.js';
import { act, channelOpen, globalRequest } from '../../../../src/testing/index.js';
import type { Scenario } from '../scenario.js';
import { passwordSecret, signIn } from './sign-in.js';

const handlers = () => [passwordSecret()];

/** Answers each block of data in capitals, until there is no more. */
const shouting = () =>
  decide(
    'SSHChannelOpenRequest',
    decideEach('shouting', (verdict) =>
      verdict.request.detail.type === 'direct-tcpip' && verdict.request.detail.portToConnect === 7
        ? serveWith(verdict, 'shouting', ({ stream }) => {
            stream.on('data', (data: Buffer) => stream.write(data.toString().toUpperCase()));
            stream.on('end', () => stream.end());
          })
        : verdict,
    ),
  );

const anyForward = () =>
  decide(
    'SSHGlobalRequest',
    decideEach<SSHGlobalRequest>('anyForward', (verdict) =>
      grant<SSHGlobalRequest>(verdict, verdict.request, 'anyForward'),
    ),
  );

/** Ways to other places, and requests about a whole connection. */
export const forwarding: readonly Scenario[] = [
  {
    name: 'a way to a port that a policy serves',
    learns: 'cgoz',
    play: () => ({
      options: { handlers: [...handlers(), shouting()] },
      acts: [
        ...signIn,
        channelOpen.directTcpip('echo.example.com', 7),
        act.data('hear me'),
        act.eof(),
        // The library does so by itself once both sides have ended.
        act.close(),
      ],
    }),
  },
  {
    name: 'a way to a port that nobody serves',
    learns: 'cgf',
    play: () => ({
      options: { handlers: [...handlers(), shouting()] },
      acts: [...signIn, channelOpen.directTcpip('echo.example.com', 8)],
    }),
  },
  {
    name: 'a way to a place that a policy forbids',
    learns: 'cgf',
    play: () => ({
      options: {
        handlers: [
          ...handlers(),
          decide('SSHChannelOpenRequest', forwardTo([{ hosts: ['db.example.com'], ports: [5432] }])),
          shouting(),
        ],
      },
      acts: [...signIn, channelOpen.directTcpip('echo.example.com', 7)],
    }),
  },
  {
    name: 'a way to a Unix socket that nobody serves',
    learns: 'cgf',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, channelOpen.directStreamlocal('/run/db.sock')],
    }),
  },
  {
    name: 'listening that nobody grants',
    learns: 'cgn',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, globalRequest.tcpipForward('localhost', 8080)],
    }),
  },
  {
    name: 'listening that a policy grants, and its end',
    learns: 'cgyyy',
    play: () => ({
      options: { handlers: [...handlers(), anyForward()] },
      acts: [
        ...signIn,
        globalRequest.tcpipForward('localhost', 8080),
        globalRequest.cancelTcpipForward('localhost', 8080),
        globalRequest.streamlocalForward('/run/ann.sock'),
      ],
    }),
  },
  {
    name: 'listening in a place that a policy forbids',
    learns: 'cgyn',
    play: () => ({
      options: {
        handlers: [
          ...handlers(),
          decide('SSHGlobalRequest', forwardFrom([{ addresses: ['localhost'], ports: [8080] }])),
          anyForward(),
        ],
      },
      acts: [...signIn, globalRequest.tcpipForward('localhost', 8080), globalRequest.tcpipForward('0.0.0.0', 8080)],
    }),
  },
  {
    name: 'a request about the connection that the server does not know',
    learns: 'cgn',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, globalRequest.other('no-more-sessions@openssh.com')],
    }),
  },
  {
    name: 'a request about the connection that nobody waits for',
    client: 'wire',
    learns: 'cg',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, globalRequest.other('hello@example.com', new Uint8Array(), { wantReply: false })],
    }),
  },
];
