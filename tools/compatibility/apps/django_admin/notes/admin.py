from django.contrib import admin

from .models import Label, Note

admin.site.register([Label, Note])
