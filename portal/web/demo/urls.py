"""The demo's comforts. Included under local settings only."""

from django.urls import path

from portal.web.demo import mail_views, views

urlpatterns = [
    path("", views.people, name="demo"),
    path("sign-in/", views.sign_in, name="demo-sign-in"),
    path("mail/", mail_views.mail_list, name="demo-mail"),
    path("mail/<str:name>/<int:number>/", mail_views.mail_detail, name="demo-mail-detail"),
]
