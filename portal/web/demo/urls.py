"""The demo's comforts. Included under local settings only."""

from django.urls import path

from portal.web.demo import views

urlpatterns = [
    path("", views.people, name="demo"),
    path("sign-in/", views.sign_in, name="demo-sign-in"),
]
