# The bot in one image: no compiler, no root, nothing written outside /data and /tmp.
#   docker build -t wellspoken .
#   docker run -p 127.0.0.1:8080:8080 -v wellspoken:/data wellspoken

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/wellspoken
WORKDIR /src
# the lock changes seldom: what it installs is a layer of its own
COPY requirements/runtime.lock requirements/
RUN /opt/wellspoken/bin/pip install --require-hashes -r requirements/runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY knowledge knowledge
COPY persona persona
COPY adapters adapters
RUN /opt/wellspoken/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Wellspoken" \
      org.opencontainers.image.licenses="Apache-2.0"
# git reads the repositories of [[sources]], ssh the private ones
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 wellspoken \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home wellspoken \
    && install -d -m 0700 -o wellspoken -g wellspoken /data \
    && install -d -o wellspoken -g wellspoken /config
COPY --from=build /opt/wellspoken /opt/wellspoken
ENV PATH=/opt/wellspoken/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WELLSPOKEN_HOME=/data
# /config holds wellspoken.toml and the persona, /data everything that is stored
WORKDIR /config
VOLUME /data
USER wellspoken
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["wellspoken"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
