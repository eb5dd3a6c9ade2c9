#!/bin/sh
# SPDX-License-Identifier: MIT
# xsltproc: a document through a style sheet.
# { dg-hakmem-timeout "60" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need xsltproc
{
	echo '<?xml version="1.0"?><list>'
	numbers 8000 | awk '{ print "<item key=\"" $2 "\"><n>" $1 \
		"</n><text>a &amp; b " $3 "</text></item>" }'
	echo '</list>'
} >"$work/in.xml"
cat >"$work/sheet.xsl" <<'END'
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" indent="yes"/>
  <xsl:key name="by" match="item" use="@key"/>
  <xsl:template match="/list">
    <out count="{count(item)}" sum="{sum(item/n)}">
      <xsl:for-each select="item[generate-id() =
          generate-id(key('by', @key)[1])]">
        <xsl:sort select="n" data-type="number" order="descending"/>
        <group name="{translate(@key, 'key', 'KEY')}"
            size="{count(key('by', @key))}">
          <xsl:apply-templates select="key('by', @key)"/>
        </group>
      </xsl:for-each>
    </out>
  </xsl:template>
  <xsl:template match="item">
    <i><xsl:value-of select="concat(n mod 7, ':', substring(text, 3))"/></i>
  </xsl:template>
</xsl:stylesheet>
END

with_xsltproc() {
	xsltproc --nonet "$work/sheet.xsl" "$work/in.xml" &&
		xsltproc --nonet "$work/in.xml" "$work/sheet.xsl"
}

same "xsltproc" with_xsltproc
succeeded "xsltproc" 5 'count="8000"'
ours xsltproc 100000
finish
