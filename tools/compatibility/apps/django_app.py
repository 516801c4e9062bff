"""Django with the middleware and the hosts of `startproject`, for runserver and gunicorn."""

import json
import os
import sys

from django.conf import settings

settings.configure(
    DEBUG=True,
    SECRET_KEY="a key for tests, which is long enough and protects nothing",
    ROOT_URLCONF=__name__,
    USE_X_FORWARDED_HOST="BEHIND_PROXY" in os.environ,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)

from django.core.management import execute_from_command_line  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.middleware.csrf import get_token, rotate_token  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

import common  # noqa: E402


def form(request, fields):
    token = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    return HttpResponse(common.form(fields, token))


def got(request, **values):
    return HttpResponse(common.got({**values, "seen": common.seen(request.headers)}))


def hello(request):
    return JsonResponse({"name": request.GET["name"], "seen": common.seen(request.headers)})


@csrf_exempt
def take_json(request):
    text = json.loads(request.body)["text"]
    return JsonResponse({"text": text, "seen": common.seen(request.headers)})


@csrf_exempt
def take_bytes(request):
    return JsonResponse({**common.described(request.body), "seen": common.seen(request.headers)})


def take_form(request):
    if request.method == "GET":
        return form(request, common.TEXT)
    return got(request, text=request.POST["text"])


def upload(request):
    if request.method == "GET":
        return form(request, common.FILE)
    return got(request, **common.described(request.FILES["file"].read()))


def login(request):
    if request.method == "GET":
        return form(request, common.USER)
    request.session["user"] = request.POST["user"]
    rotate_token(request)
    return redirect("home")


def home(request):
    if "user" not in request.session:
        return HttpResponse("Log in first", status=401)
    return got(request, user=request.session["user"])


def moved(request):
    return redirect(request.build_absolute_uri("/landed?from=moved"))


def landed(request):
    return got(request, landed=request.GET["from"])


def events(request):
    stream = common.events(request.headers.get("Last-Event-ID"))
    return StreamingHttpResponse(stream, content_type="text/event-stream")


urlpatterns = [
    path("hello", hello),
    path("json", take_json),
    path("bytes", take_bytes),
    path("form", take_form),
    path("upload", upload),
    path("login", login),
    path("home", home, name="home"),
    path("moved", moved),
    path("landed", landed),
    path("events", events),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
else:
    application = get_wsgi_application()
