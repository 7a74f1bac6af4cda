# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/forestay
COPY requirements.lock .
RUN python -m venv /opt/forestay/venv && venv/bin/pip install --require-hashes -r requirements.lock
COPY app src/app
COPY importers src/importers
COPY cypher src/cypher
COPY docs src/docs
# the kernels are compiled here, so that the first answer of a container does not wait for them
RUN cd src && PYTHONPATH=/opt/forestay/src FORESTAY_KERNEL_CACHE=/opt/forestay/kernels ../venv/bin/python -m app --data /tmp/warm warm-up \
 && printf '#!/bin/sh\nexec /opt/forestay/venv/bin/python -m app "$@"\n' > /opt/forestay/venv/bin/forestay \
 && chmod +x /opt/forestay/venv/bin/forestay

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/forestay --create-home forestay
COPY --from=build --chown=forestay /opt/forestay /opt/forestay
USER forestay
WORKDIR /var/lib/forestay
ENV PATH=/opt/forestay/venv/bin:$PATH PYTHONPATH=/opt/forestay/src FORESTAY_KERNEL_CACHE=/opt/forestay/kernels PYTHONUNBUFFERED=1 \
    FORESTAY_DATA_FOLDER=/var/lib/forestay/data FORESTAY_WEB_HOST=0.0.0.0 FORESTAY_WEB_SIGN_IN=keys
VOLUME /var/lib/forestay
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=4)"
# one worker: request counters, estates in memory and page caches are shared by its threads; the kernels run without the interpreter lock
CMD ["gunicorn", "--bind", "0.0.0.0:8080", "--worker-class", "gthread", "--workers", "1", "--threads", "12", "--timeout", "120", "--graceful-timeout", "10", \
     "--no-control-socket", "app.wsgi:application()"]
