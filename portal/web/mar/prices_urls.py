"""Addresses of price books, partners' places on them, discounts and the check of parity."""

from django.urls import path

from portal.web.mar import price_deals_views, price_parity_views, prices_views

urlpatterns = [
    path("rules/prices/", prices_views.book_list, name="price-books"),
    path("rules/prices/books/new/", prices_views.book_new, name="price-book-new"),
    path("rules/prices/books/<slug:book_code>/", prices_views.book_detail, name="price-book"),
    path("rules/prices/books/<slug:book_code>/new/", prices_views.price_new, name="price-new"),
    path("rules/prices/<int:price_id>/", prices_views.price_detail, name="price-detail"),
    path("rules/prices/<int:price_id>/announce/", prices_views.announce, name="price-announce"),
    path("rules/prices/<int:price_id>/discard/", prices_views.discard, name="price-discard"),
    path("rules/prices/<int:price_id>/withdraw/", prices_views.withdraw, name="price-withdraw"),
    path("rules/prices/partners/", price_deals_views.pricing_list, name="pricing-list"),
    path("rules/prices/partners/new/", price_deals_views.pricing_new, name="pricing-new"),
    path("rules/prices/deviations/", price_deals_views.deviation_list, name="deviation-list"),
    path("rules/prices/deviations/new/", price_deals_views.deviation_new, name="deviation-new"),
    *(
        path(
            f"rules/prices/{place}/<{deal_id}:deal_id>/{step}",
            view,
            {"kind": kind},
            name=f"{kind.name}-{act}",
        )
        for place, deal_id, kind in (
            ("partners", "uuid", price_deals_views.PRICING),
            ("deviations", "int", price_deals_views.DEVIATION),
        )
        for step, view, act in (
            ("", price_deals_views.deal_detail, "detail"),
            ("approve/", price_deals_views.deal_approve, "approve"),
            ("end/", price_deals_views.deal_end, "end"),
        )
    ),
    path("rules/prices/parity/", price_parity_views.parity, name="price-parity"),
]
