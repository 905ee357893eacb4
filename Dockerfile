# An image of Dify Live: docker build -t dify-live . && docker run -p 8000:8000 --stop-timeout 30 --env-file .env \
#     -e HOST=0.0.0.0 -e PORT=8000 -e LOG_DIR=/var/log/dify-live --log-opt max-size=10m --log-opt max-file=5 dify-live
#
# The three -e are as below, and go before what .env says of them: that is of your machine, not of a container. On a
# read-only file system: --read-only --tmpfs /tmp (uploads are there until they are whole). The logs go to the console,
# and into the volume /var/log/dify-live.

FROM python:3.11.14-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

# The packages, in an environment without pip. What changes seldom comes first.
FROM base AS packages
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt /opt/requirements.txt
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --requirement /opt/requirements.txt \
    && python -m compileall -q /opt/venv/lib

FROM base
RUN python -m pip uninstall --yes --quiet pip setuptools wheel && rm -r /usr/local/lib/python3.11/ensurepip
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin dify-live \
    && install --directory --owner=10001 /var/log/dify-live
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/dify-live
COPY service service
COPY static static
COPY templates templates
RUN python -m compileall -q service && chmod -R a+rX .
ENV HOST=0.0.0.0 PORT=8000 LOG_DIR=/var/log/dify-live
VOLUME /var/log/dify-live
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/opt/venv/bin/python", "-c", \
    "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=4)"]
CMD ["/opt/venv/bin/python", "-m", "service"]
