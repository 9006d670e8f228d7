# One image for web, worker, beat and migrations; docker-compose.yml gives each its command.

FROM node:24-bookworm-slim AS frontend
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
RUN npm ci

FROM python:3.11-slim-bookworm
# Pango and HarfBuzz draw the PDF reports; tzdata knows the months' boundaries.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 tzdata \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/portal
COPY requirements/base.txt requirements/
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/base.txt

COPY . .
ENV PORTAL_VAR=/srv/portal/var \
    DJANGO_SETTINGS_MODULE=portal.settings.production \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/tmp/cache
# Static files are part of the image. The values are of this step only: nothing is signed or encrypted here.
RUN --mount=type=bind,from=frontend,source=/packages/node_modules,target=/tmp/node_modules \
    PYTHONPATH=bin python -m launcher.vendor /tmp/node_modules static/vendor \
    && python -m portal.icons static/vendor/icons/tabler-sprite.svg static/vendor/icons/portal-sprite.svg \
    && none=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    && PORTAL_SECRET_KEY=none PORTAL_MASTER_KEY=$none PORTAL_BLIND_INDEX_KEY=$none PORTAL_SEAL_KEY=$none \
       DATABASE_URL=postgresql://none/none REDIS_URL=redis://none \
       PORTAL_ALLOWED_HOSTS=none PORTAL_EMAIL_HOST=none \
       python manage.py collectstatic --noinput -v 0 \
           --ignore tabler-sprite.svg --ignore redoc --ignore rest_framework --ignore "swagger-ui-es-*" \
    && python -m compileall -q . \
    && useradd --system --uid 10001 --no-create-home portal \
    && mkdir -p var/files var/exchange var/keyring var/erasures \
    && chown portal var/files var/exchange var/keyring var/erasures

USER portal
EXPOSE 8000
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "sync", \
     "--max-requests", "2000", "--max-requests-jitter", "200", "--timeout", "60", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
