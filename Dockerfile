# Sluice as an image: sources run as they are (Node strips the types), so there is no build step.
#   docker build -t sluice .
#   docker run -p 8080:8080 -v ./sluice.yaml:/etc/sluice/config.yaml:ro sluice
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
RUN mkdir -p /etc/sluice/state /var/lib/sluice && chown -R node:node /etc/sluice/state /var/lib/sluice

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
ENTRYPOINT ["node", "--disable-sigusr1", "src/app/main.js"]
CMD ["run", "--config", "/etc/sluice/config.yaml"]
