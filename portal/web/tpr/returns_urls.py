"""Addresses of what a partner gives back."""

from django.urls import path

from portal.web.tpr import returns, wrong_key

urlpatterns = [
    path("returns/", returns.return_list, name="return-list"),
    path("returns/new/", returns.return_new, name="return-new"),
    path("returns/board/", wrong_key.board_swap, name="board-swap"),
    path("keys/<slug:product_key_id>/wrong/", wrong_key.wrong_key, name="key-wrong"),
    path("returns/<uuid:partner_return_id>/", returns.return_detail, name="return-detail"),
    path("returns/<uuid:partner_return_id>/withdraw/", returns.withdraw, name="return-withdraw"),
]
