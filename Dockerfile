# Sluice as an image: sources run as they are (Node strips the types), so there is no build step.
#   docker build -t sluice .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     -p 8080:8080 -v ./sluice.yaml:/etc/sluice/config.yaml:ro -v sluice-state:/etc/sluice/state sluice
# It needs no capability, and writes to no part of its root but the volumes.
FROM node:26-slim

WORKDIR /opt/sluice

# Own layer: it changes only with the lock file. The `node` package is a development dependency and stays out; the image has its own.
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force

COPY LICENSE ./
COPY config ./config
COPY src ./src

# `state.dir` is ./state beside the config file unless the file says otherwise. Where /etc/sluice is mounted read-only,
# set `state: { dir: /var/lib/sluice }` and mount a volume there.
RUN mkdir -p /etc/sluice/state /var/lib/sluice /var/log/sluice && chown -R node:node /etc/sluice/state /var/lib/sluice /var/log/sluice

ENV NODE_ENV=production

# The user `node` of the image by number, so that Kubernetes' runAsNonRoot can see it is not root.
USER 1000:1000

EXPOSE 8080

# The admin listener on its default address; loopback only, so it is not exposed.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9901/livez', { signal: AbortSignal.timeout(2500) }).then((response) => process.exit(response.ok ? 0 : 1), () => process.exit(1))"]

# SIGTERM drains: at most `drain.delay` + `drain.timeout` (30 s by default). Docker waits 10 s unless told: docker stop -t 35.
STOPSIGNAL SIGTERM

# Node would open its debugger on USR1 until the first line of Sluice runs.
# Node's permission model: whatever goes wrong in it, the process reads and writes nothing outside these folders and starts no program. Files
# that the config names (endpoints, tokens, certificates) belong below /etc/sluice or /run/secrets, logs below /var/log/sluice.
ENTRYPOINT ["node", "--disable-sigusr1", "--disable-warning=PERM0006", "--disable-warning=ExperimentalWarning", \
  "--permission", "--allow-net", "--allow-worker", \
  "--allow-fs-read=/opt/sluice", "--allow-fs-read=/etc/sluice", "--allow-fs-read=/run/secrets", "--allow-fs-read=/var/run/secrets", \
  "--allow-fs-read=/etc/hosts", "--allow-fs-read=/etc/resolv.conf", "--allow-fs-read=/proc", "--allow-fs-read=/sys/fs/cgroup", \
  "--allow-fs-read=/var/lib/sluice", "--allow-fs-read=/var/log/sluice", \
  "--allow-fs-write=/etc/sluice/state", "--allow-fs-write=/var/lib/sluice", "--allow-fs-write=/var/log/sluice", \
  "src/app/main.js"]
CMD ["run", "--config", "/etc/sluice/config.yaml"]
